// A page of another origin that calls the pipeline's API: what the API refuses must be readable there, which takes CORS headers on its
// 4xx answers as on all others. Required by browser.js.
"use strict";

const assert = require("node:assert/strict");
const http = require("node:http");

// A page with nothing in it, at a port of its own: another origin than the API's and the emulator's.
async function withServer(use) {
  const server = http.createServer((_, answer) => answer.setHeader("content-type", "text/html").end("<!doctype html><title>a page</title>"));
  await new Promise(listening => server.listen(0, "127.0.0.1", listening));
  try {
    await use(`http://127.0.0.1:${server.address().port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

// Status and body as JavaScript in the page sees them; `null` where the browser withholds the answer.
function asked(page, url, init) {
  return page.evaluate(
    async ([url, init]) => {
      try {
        const answer = await fetch(url, init);
        return { status: answer.status, body: await answer.text() };
      } catch (error) {
        return error instanceof TypeError ? null : Promise.reject(error);
      }
    },
    [url, init],
  );
}

exports.readsRefusals = async function readsRefusals(browser, api) {
  await withServer(async origin => {
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(origin);
    assert.notEqual(new URL(api).origin, await page.evaluate(() => location.origin));
    // With this header the browser asks first (OPTIONS), and takes the answer only if the header is allowed there.
    const wrong = await asked(page, `${api}/images`, { headers: { Authorization: "Bearer wrong" } });
    assert.deepEqual(wrong, { status: 401, body: '{"message":"Unauthorized"}' });
    const none = await asked(page, `${api}/images`, {});
    assert.deepEqual(none, { status: 401, body: '{"message":"Unauthorized"}' });
    const unknown = await asked(page, `${api}/nowhere`, {});
    assert.deepEqual(unknown, { status: 403, body: '{"message":"Missing Authentication Token"}' });
    assert.equal((await asked(page, `${api}/images`, { method: "OPTIONS" })).status, 200);
    // The browser does judge: what the API allows to nobody is withheld from the page.
    assert.equal(await asked(page, `${api}/images`, { headers: { "X-Unheard-Of": "1" } }), null);
    assert.equal(await asked(page, `${api}/images`, { method: "DELETE" }), null);
    await page.close();
    console.log("read refusals from another origin");
  });
};
