// An authenticator, as tests hold one in their hands.
"use strict";

const { createHmac } = require("node:crypto");

// RFC 6238 with AWS's defaults. A step is used once: the next code is of the next step.
function authenticator(secret) {
  const bits = [...secret].map(c => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map(byte => parseInt(byte, 2)));
  let last = 0;
  const now = () => Math.floor(Date.now() / 30_000);
  return async () => {
    const step = (last = Math.max(now(), last + 1));
    // One step ahead is within what clocks may differ; two are not.
    while (step > now() + 1) await new Promise(done => setTimeout(done, 500));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const digest = createHmac("sha1", key).update(counter).digest();
    return String((digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
  };
}

module.exports = { authenticator };
