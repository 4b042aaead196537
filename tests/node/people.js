// What tests of user pools share: codes out of the inbox, and tokens checked as strictly as aws-jwt-verify and jose can. The environment names
// the site: AWS_ENDPOINT_URL, AWS_REGION, POOL, CLIENT.
"use strict";

const assert = require("node:assert/strict");
const { pathToFileURL } = require("node:url");
const { CognitoJwtVerifier } = require("aws-jwt-verify");

const { AWS_ENDPOINT_URL: endpoint, AWS_REGION: region, POOL: userPoolId, CLIENT: clientId } = process.env;
const issuer = `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`;
const keys = `${endpoint}/${userPoolId}/.well-known/jwks.json`;

async function code(user) {
  const { messages } = await (await fetch(`${endpoint}/_windtunnel/cognito/messages?user=${user}`)).json();
  return messages[0].code;
}

// Checks both tokens; the claims of the id token.
async function verified({ id, access }) {
  const jwks = await (await fetch(keys)).json();
  const verify = (token, tokenUse) => {
    const verifier = CognitoJwtVerifier.create({ userPoolId, clientId, tokenUse });
    verifier.cacheJwks(jwks);
    return verifier.verify(token);
  };
  const claims = await verify(id, "id");
  assert.equal((await verify(access, "access")).sub, claims.sub);
  await assert.rejects(verify(access, "id"));
  const { createRemoteJWKSet, jwtVerify } = await import(pathToFileURL(require.resolve("jose")));
  const remote = createRemoteJWKSet(new URL(keys));
  const strict = { issuer, algorithms: ["RS256"], requiredClaims: ["sub", "token_use", "auth_time", "jti", "exp", "iat"] };
  await jwtVerify(id, remote, { ...strict, audience: clientId });
  await jwtVerify(access, remote, strict);
  await assert.rejects(jwtVerify(id.replace(/.{8}$/, "AAAAAAAA"), remote, strict));
  return claims;
}

module.exports = { code, verified };
