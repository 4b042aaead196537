// Amplify in a page of a browser, bundled as applications do it: signing up to signing out everywhere, and passkeys with the browser's virtual
// authenticator. POOL and CLIENT name what the test that runs this has made, CHROMIUM the browser's program. Prints a line for each thing
// that works, throws at the first that doesn't.
"use strict";

const assert = require("node:assert/strict");
const { buildSync } = require("esbuild");
const { chromium } = require("playwright-core");
const { authenticator } = require("./authenticator.js");
const { code, verified } = require("./people.js");

const { AWS_ENDPOINT_URL, POOL: userPoolId, CLIENT: userPoolClientId, CHROMIUM, NODE_PATH } = process.env;
const [PASSWORD, OTHER] = ["Correct-Horse-9", "Another-Horse-9"];
// Browsers make passkeys for names, not for addresses.
const endpoint = AWS_ENDPOINT_URL.replace("127.0.0.1", "localhost");

function bundle() {
  const contents = 'import { Amplify } from "aws-amplify"; import * as auth from "aws-amplify/auth"; Object.assign(globalThis, { Amplify, auth });';
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: __dirname }, nodePaths: NODE_PATH.split(":"), bundle: true, write: false, minify: true,
    format: "iife", platform: "browser", define: { global: "globalThis" },
  });
  return outputFiles[0].text;
}

// Amplify's functions, called in the page.
async function amplify(page, script) {
  await page.goto(`${endpoint}/${userPoolId}/.well-known/jwks.json`);
  await page.addScriptTag({ content: script });
  const Cognito = { userPoolId, userPoolClientId, userPoolEndpoint: endpoint };
  await page.evaluate(Cognito => Amplify.configure({ Auth: { Cognito } }), Cognito);
  const call = (name, input) => page.evaluate(async ([name, input]) => {
    try {
      const { ...answer } = (await auth[name](input)) ?? {};
      return { answer: JSON.parse(JSON.stringify(answer)) };
    } catch (error) {
      return { failure: error.name };
    }
  }, [name, input]);
  return {
    ok: async (name, input) => {
      const { answer, failure } = await call(name, input);
      assert.equal(failure, undefined, `${name} failed`);
      return answer;
    },
    failure: async (name, input) => (await call(name, input)).failure,
    session: options => page.evaluate(async options => {
      const { tokens } = await auth.fetchAuthSession(options);
      return tokens && { id: tokens.idToken.toString(), access: tokens.accessToken.toString() };
    }, options),
  };
}

async function register({ ok }, username) {
  const userAttributes = { email: `${username}@example.com` };
  const signed = await ok("signUp", { username, password: PASSWORD, options: { userAttributes } });
  assert.equal(signed.nextStep.signUpStep, "CONFIRM_SIGN_UP");
  assert.equal((await ok("confirmSignUp", { username, confirmationCode: await code(username) })).isSignUpComplete, true);
}

async function walk({ ok, failure, session }) {
  const username = "page-eve";
  await register({ ok }, username);
  assert.equal(await failure("signIn", { username, password: "Wrong-Horse-9" }), "NotAuthorizedException");
  assert.equal((await ok("signIn", { username, password: PASSWORD })).nextStep.signInStep, "DONE");
  const first = await session();
  assert.equal((await verified(first)).email, "page-eve@example.com");
  const fresh = await session({ forceRefresh: true });
  assert.notEqual(fresh.access, first.access);
  await verified(fresh);
  await ok("updatePassword", { oldPassword: PASSWORD, newPassword: OTHER });
  const app = authenticator((await ok("setUpTOTP")).sharedSecret);
  await ok("verifyTOTPSetup", { code: await app() });
  await ok("updateMFAPreference", { totp: "PREFERRED" });
  await ok("signOut");
  assert.equal((await ok("signIn", { username, password: OTHER })).nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
  assert.equal((await ok("confirmSignIn", { challengeResponse: await app() })).isSignedIn, true);
  await verified(await session());
  await ok("signOut", { global: true });
  assert.equal(await session(), undefined);
  console.log("signed up, in, and out everywhere");
}

async function passkeys({ ok, failure, session }, devices) {
  const username = "page-pia";
  await register({ ok }, username);
  await ok("signIn", { username, password: PASSWORD });
  await ok("associateWebAuthnCredential");
  const { credentials } = await ok("listWebAuthnCredentials");
  assert.deepEqual(credentials.map(c => c.relyingPartyId), ["localhost"]);
  await ok("signOut");
  const options = { authFlowType: "USER_AUTH", preferredChallenge: "WEB_AUTHN" };
  assert.equal((await ok("signIn", { username, options })).isSignedIn, true);
  assert.equal((await verified(await session()))["cognito:username"], username);
  await ok("signOut");
  // Another authenticator has no key for this user: nothing comes out of the browser.
  const { credentials: [kept] } = await devices.send("WebAuthn.getCredentials", { authenticatorId: devices.id });
  await devices.send("WebAuthn.clearCredentials", { authenticatorId: devices.id });
  assert.notEqual(await failure("signIn", { username, options }), undefined);
  await devices.send("WebAuthn.addCredential", { authenticatorId: devices.id, credential: kept });
  assert.equal((await ok("signIn", { username, options })).isSignedIn, true);
  await ok("deleteWebAuthnCredential", { credentialId: credentials[0].credentialId });
  assert.deepEqual((await ok("listWebAuthnCredentials")).credentials, []);
  console.log("signed in by a passkey");
}

async function main() {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    const devices = await page.context().newCDPSession(page);
    await devices.send("WebAuthn.enable");
    const options = {
      protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      automaticPresenceSimulation: true,
    };
    devices.id = (await devices.send("WebAuthn.addVirtualAuthenticator", { options })).authenticatorId;
    const client = await amplify(page, bundle());
    await walk(client);
    await passkeys(client, devices);
  } finally {
    await browser.close();
  }
}

main().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
