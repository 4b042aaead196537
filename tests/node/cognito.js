// User pools through amazon-cognito-identity-js and Amplify: signing up to signing out everywhere. aws-jwt-verify and jose check every token
// strictly. POOL and CLIENT name what the test that runs this has made. Prints a line for each thing that works, throws at the first that
// doesn't.
"use strict";

const assert = require("node:assert/strict");
const cognito = require("amazon-cognito-identity-js");
const { Amplify } = require("aws-amplify");
const auth = require("aws-amplify/auth");
const { authenticator } = require("./authenticator.js");
const { code, verified } = require("./people.js");

const { AWS_ENDPOINT_URL: endpoint, POOL: userPoolId, CLIENT: clientId } = process.env;
const [PASSWORD, OTHER] = ["Correct-Horse-9", "Another-Horse-9"];

const tests = {
  async "amazon-cognito-identity-js"() {
    const kept = new Map();
    const Storage = {
      setItem: (name, value) => kept.set(name, value),
      getItem: name => kept.get(name) ?? null,
      removeItem: name => kept.delete(name),
      clear: () => kept.clear(),
    };
    const pool = new cognito.CognitoUserPool({ UserPoolId: userPoolId, ClientId: clientId, endpoint, Storage });
    const Username = "node-ann";
    const told = work => new Promise((done, failed) => work((error, value) => (error ? failed(error) : done(value))));
    const email = new cognito.CognitoUserAttribute({ Name: "email", Value: "node-ann@example.com" });
    const { user } = await told(back => pool.signUp(Username, PASSWORD, [email], [], back));
    await told(async back => user.confirmRegistration(await code(Username), true, back));
    const signIn = (Password, totp) => new Promise((onSuccess, onFailure) => {
      const details = new cognito.AuthenticationDetails({ Username, Password });
      user.authenticateUser(details, {
        onSuccess,
        onFailure,
        totpRequired: async () => user.sendMFACode(await totp(), { onSuccess, onFailure }, "SOFTWARE_TOKEN_MFA"),
      });
    });
    const check = session => verified({ id: session.getIdToken().getJwtToken(), access: session.getAccessToken().getJwtToken() });
    await assert.rejects(signIn("Wrong-Horse-9"), { code: "NotAuthorizedException", message: "Incorrect username or password." });
    const first = await signIn(PASSWORD);
    const claims = await check(first);
    assert.deepEqual([claims.email, claims.email_verified, claims["cognito:username"]], ["node-ann@example.com", true, Username]);
    await check(await told(back => user.refreshSession(first.getRefreshToken(), back)));
    await told(back => user.changePassword(PASSWORD, OTHER, back));
    const app = authenticator(await new Promise((done, onFailure) => user.associateSoftwareToken({ associateSecretCode: done, onFailure })));
    const proof = await app();
    await new Promise((onSuccess, onFailure) => user.verifySoftwareToken(proof, "phone", { onSuccess, onFailure }));
    await told(back => user.setUserMfaPreference(null, { Enabled: true, PreferredMfa: true }, back));
    await check(await signIn(OTHER, app));
    const access = user.getSignInUserSession().getAccessToken().getJwtToken();
    await new Promise((onSuccess, onFailure) => user.globalSignOut({ onSuccess, onFailure }));
    const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSCognitoIdentityProviderService.GetUser" };
    const after = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify({ AccessToken: access }) });
    assert.deepEqual([after.status, (await after.json()).message], [400, "Access Token has been revoked"]);
  },

  async "aws-amplify"() {
    Amplify.configure({ Auth: { Cognito: { userPoolId, userPoolClientId: clientId, userPoolEndpoint: endpoint } } });
    const username = "amplify-bob";
    const session = async options => {
      const { tokens } = await auth.fetchAuthSession(options);
      return tokens && { id: tokens.idToken.toString(), access: tokens.accessToken.toString() };
    };
    const signed = await auth.signUp({ username, password: PASSWORD, options: { userAttributes: { email: "amplify-bob@example.com" } } });
    assert.equal(signed.nextStep.signUpStep, "CONFIRM_SIGN_UP");
    assert.equal((await auth.confirmSignUp({ username, confirmationCode: await code(username) })).isSignUpComplete, true);
    await assert.rejects(auth.signIn({ username, password: "Wrong-Horse-9" }), { name: "NotAuthorizedException" });
    assert.equal((await auth.signIn({ username, password: PASSWORD })).nextStep.signInStep, "DONE");
    const first = await session();
    assert.equal((await verified(first)).email, "amplify-bob@example.com");
    const fresh = await session({ forceRefresh: true });
    assert.notEqual(fresh.access, first.access);
    await verified(fresh);
    await auth.updatePassword({ oldPassword: PASSWORD, newPassword: OTHER });
    const app = authenticator((await auth.setUpTOTP()).sharedSecret);
    await auth.verifyTOTPSetup({ code: await app() });
    await auth.updateMFAPreference({ totp: "PREFERRED" });
    await auth.signOut();
    const asked = await auth.signIn({ username, password: OTHER });
    assert.equal(asked.nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_TOTP_CODE");
    assert.equal((await auth.confirmSignIn({ challengeResponse: await app() })).isSignedIn, true);
    await verified(await session());
    await auth.signOut({ global: true });
    assert.equal(await session(), undefined);
  },
};

(async () => {
  for (const [name, test] of Object.entries(tests)) {
    await test();
    console.log(name);
  }
})().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
