// The pipeline's web client in a browser: signing up, confirming with the code from the inbox, signing in by SRP, an upload with its
// progress, the gallery with renditions, signing out; then a page of another origin that the API refuses. Prints a line for each thing that
// works, throws at the first that doesn't.
// CHROMIUM is the browser's program; SHOTS, where it is set, a folder for pictures of the page.
"use strict";

const assert = require("node:assert/strict");
const path = require("node:path");
const { chromium } = require("playwright-core");
const { authenticator } = require("./authenticator.js");
const { readsRefusals } = require("./other_origin.js");

const { AWS_ENDPOINT_URL: endpoint, FIXTURES, CHROMIUM, SHOTS, INVITED, TEMPORARY, STACK } = process.env;
const PASSWORD = "Correct-Horse-9";

async function code(user) {
  const answer = await fetch(`${endpoint}/_windtunnel/cognito/messages?user=${user}`);
  const { messages } = await answer.json();
  assert.ok(messages.length > 0, `the inbox has nothing for ${user}`);
  return messages[0].code;
}

async function walk(page) {
  const status = page.getByRole("status");
  const alert = page.getByRole("alert");
  const form = name => page.getByRole("region", { name });
  const shot = name => SHOTS && page.screenshot({ path: path.join(SHOTS, `${name}.png`), fullPage: true });

  await page.goto(`${endpoint}/_windtunnel/app`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByRole("link", { name: "Need an account? Sign up" }).click();
  await form("Sign up").getByLabel("Username").fill("eva");
  await form("Sign up").getByLabel("Mail address").fill("eva@example.com");
  await form("Sign up").getByLabel("Password").fill("weak");
  await page.getByRole("button", { name: "Sign up" }).click();
  await alert.getByText("Password did not conform with policy").waitFor();
  await form("Sign up").getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign up" }).click();
  await status.getByText("A code was sent to eva@example.com.").waitFor();
  console.log("signed up");

  await form("Confirm your account").getByLabel("Code from the mail").fill(await code("eva"));
  await page.getByRole("button", { name: "Confirm", exact: true }).click();
  await status.getByText("Your account is confirmed.").waitFor();
  console.log("confirmed");

  await form("Sign in").getByLabel("Password").fill("Wrong-Horse-9");
  await page.getByRole("button", { name: "Sign in" }).click();
  await alert.getByText("Incorrect username or password.").waitFor();
  await shot("refused");
  await form("Sign in").getByLabel("Password").fill(PASSWORD);
  const sent = page.waitForRequest(request => (request.postData() ?? "").includes("PASSWORD_CLAIM_SIGNATURE"));
  await page.getByRole("button", { name: "Sign in" }).click();
  assert.ok(!(await sent).postData().includes(PASSWORD), "the password never leaves the page");
  await page.getByText("No pictures yet.").waitFor();
  console.log("signed in by SRP");

  await form("Your pictures").getByLabel("Picture").setInputFiles(path.join(FIXTURES, "photos/rocket.jpg"));
  const percents = page.evaluate(() => new Promise(done => {
    const seen = [];
    const progress = document.getElementById("progress");
    new MutationObserver(() => {
      seen.push(progress.value);
      if (progress.value === 100) done(seen);
    }).observe(progress, { attributes: true });
  }));
  await page.getByRole("button", { name: "Upload" }).click();
  assert.equal((await percents).at(-1), 100);
  await status.getByText("rocket.jpg is here.").waitFor({ timeout: 60_000 });
  const picture = page.getByRole("img", { name: "rocket.jpg" });
  await picture.waitFor();
  await page.waitForFunction(() => [...document.images].every(image => image.complete && image.naturalWidth > 0));
  assert.ok((await picture.getAttribute("srcset")).split(", ").length >= 2, "several renditions to choose from");
  await shot("gallery");
  console.log("uploaded, and shown by its renditions");

  await page.reload();
  await page.getByRole("img", { name: "rocket.jpg" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Show more pictures" }).count(), 0, "there are no more");
  console.log("still signed in after a reload");

  // The API's pages are longer than this test: it is asked for one picture at a time.
  await page.route(/\/images(\?next=[^&]*)?$/, route => {
    const url = new URL(route.request().url());
    url.searchParams.set("limit", "1");
    return route.continue({ url: url.toString() });
  });
  await form("Your pictures").getByLabel("Picture").setInputFiles(path.join(FIXTURES, "photos/coffee.png"));
  await page.getByRole("button", { name: "Upload" }).click();
  await status.getByText("coffee.png is here.").waitFor({ timeout: 60_000 });
  await page.getByRole("img", { name: "coffee.png" }).waitFor();
  assert.equal(await page.getByRole("img").count(), 1);
  await page.getByRole("button", { name: "Show more pictures" }).click();
  await page.getByRole("img", { name: "rocket.jpg" }).waitFor();
  assert.equal(await page.getByRole("img").count(), 2);
  assert.equal(await page.getByRole("button", { name: "Show more pictures" }).count(), 0);
  await page.unroute(/\/images(\?next=[^&]*)?$/);
  console.log("showed what is behind the first page");

  await page.getByRole("button", { name: "Sign out" }).click();
  await status.getByText("You are signed out.").waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.getByRole("img").count(), 0);
  console.log("signed out");
}

// A call of the pool as the page makes it.
async function call(operation, input) {
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `AWSCognitoIdentityProviderService.${operation}` };
  const answer = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(input) });
  const body = await answer.json();
  assert.ok(answer.ok, JSON.stringify(body));
  return body;
}

// What a sign-in may still ask: a new password in place of a temporary one, and the code of an authenticator.
async function challenged(page) {
  const form = name => page.getByRole("region", { name });
  const alert = page.getByRole("alert");
  const shot = name => SHOTS && page.screenshot({ path: path.join(SHOTS, `${name}.png`), fullPage: true });
  const signIn = async password => {
    await form("Sign in").getByLabel("Username").fill(INVITED);
    await form("Sign in").getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
  };
  await signIn(TEMPORARY);
  const chosen = form("Choose a new password").getByLabel("New password");
  await chosen.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.name), "NEW_PASSWORD", "the first field has the focus");
  await chosen.fill("weak");
  await page.keyboard.press("Enter");
  await alert.getByText("Password did not conform with policy").waitFor();
  await shot("new-password");
  await chosen.fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByText("No pictures yet.").waitFor();
  console.log("chose a new password");

  const { clientId } = await (await fetch(`${endpoint}/_windtunnel/app/config.json`)).json();
  const AuthParameters = { USERNAME: INVITED, PASSWORD };
  const { AuthenticationResult } = await call("InitiateAuth", { AuthFlow: "USER_PASSWORD_AUTH", ClientId: clientId, AuthParameters });
  const { AccessToken } = AuthenticationResult;
  const app = authenticator((await call("AssociateSoftwareToken", { AccessToken })).SecretCode);
  await call("VerifySoftwareToken", { AccessToken, UserCode: await app(), FriendlyDeviceName: "the red phone" });
  await call("SetUserMFAPreference", { AccessToken, SoftwareTokenMfaSettings: { Enabled: true, PreferredMfa: true } });
  await page.getByRole("button", { name: "Sign out" }).click();
  await signIn(PASSWORD);
  const asked = form("Enter the code of your authenticator");
  await asked.getByText("It is on the red phone.").waitFor();
  await asked.getByLabel("Code").fill("000000");
  await page.getByRole("button", { name: "Continue" }).click();
  await alert.getByText("Invalid code received for user").waitFor();
  await shot("authenticator");
  await asked.getByLabel("Code").fill(await app());
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("No pictures yet.").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("status").getByText("You are signed out.").waitFor();
  console.log("proved an authenticator");
}

async function main() {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
    // Long enough for a machine that does much else beside.
    page.setDefaultTimeout(60_000);
    const errors = [];
    page.on("pageerror", error => errors.push(error.message));
    page.on("console", message => message.type() === "error" && errors.push(message.text()));
    try {
      await walk(page);
      await challenged(page);
    } catch (error) {
      console.error(await page.locator("main").innerText().catch(() => ""), errors);
      throw error;
    }
    // What the browser itself says of a refused sign-in is no fault of the page.
    const own = errors.filter(text => !text.includes("the server responded with a status of 400"));
    assert.deepEqual(own, []);
    await readsRefusals(browser, JSON.parse(STACK).ApiUrl);
  } finally {
    await browser.close();
  }
}

main().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
