// Calls of the user pool that need no credentials, and the sign-in of this tab.

import * as srp from "./srp.js";

// AWS's code and sentence.
export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const KEPT = "photographs.refresh";

export class Pool {
  constructor({ cognito, userPoolId, clientId }) {
    Object.assign(this, { cognito, userPoolId, clientId, tokens: null });
  }

  async call(operation, input) {
    const answer = await fetch(this.cognito, {
      method: "POST",
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `AWSCognitoIdentityProviderService.${operation}` },
      body: JSON.stringify(input),
    });
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused((body.__type || "Error").split("#").pop(), body.message || `${operation} failed (${answer.status}).`);
    return body;
  }

  signUp(user, email, password) {
    const attributes = [{ Name: "email", Value: email }];
    return this.call("SignUp", { ClientId: this.clientId, Username: user, Password: password, UserAttributes: attributes });
  }
  confirm(user, code) {
    return this.call("ConfirmSignUp", { ClientId: this.clientId, Username: user, ConfirmationCode: code });
  }
  resend(user) {
    return this.call("ResendConfirmationCode", { ClientId: this.clientId, Username: user });
  }

  // Signs in, or gives back what is still asked: `{ name, parameters, ... }`, which [`answer`] takes with the answers.
  async signIn(user, password) {
    const numbers = srp.begin();
    const parameters = { USERNAME: user, SRP_A: numbers.open.toString(16) };
    const asked = await this.call("InitiateAuth", { AuthFlow: "USER_SRP_AUTH", ClientId: this.clientId, AuthParameters: parameters });
    const responses = await srp.answer(numbers, this.userPoolId, password, asked.ChallengeParameters);
    return this.respond(asked.ChallengeName, undefined, responses);
  }
  async answer({ name, session, user }, values) {
    if (name === "MFA_SETUP") {
      const verified = await this.call("VerifySoftwareToken", { Session: session, UserCode: values.CODE });
      return this.respond(name, verified.Session, { USERNAME: user });
    }
    return this.respond(name, session, { ...values, USERNAME: user });
  }
  async respond(ChallengeName, Session, ChallengeResponses) {
    const answer = await this.call("RespondToAuthChallenge", { ChallengeName, Session, ClientId: this.clientId, ChallengeResponses });
    if (answer.AuthenticationResult) {
      this.keep(answer.AuthenticationResult);
      return null;
    }
    let { ChallengeName: name, Session: session, ChallengeParameters: parameters } = answer;
    if (name === "MFA_SETUP") {
      const made = await this.call("AssociateSoftwareToken", { Session: session });
      [session, parameters] = [made.Session, { ...parameters, secret: made.SecretCode }];
    }
    return { name, session, parameters, user: parameters.USER_ID_FOR_SRP ?? ChallengeResponses.USERNAME };
  }

  // Goes on with the sign-in that this tab had before it was loaded anew.
  async resume() {
    const token = sessionStorage.getItem(KEPT);
    if (!token) return false;
    try {
      await this.refresh(token);
      return true;
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      sessionStorage.removeItem(KEPT);
      return false;
    }
  }
  async refresh(token) {
    const answer = await this.call("InitiateAuth",
      { AuthFlow: "REFRESH_TOKEN_AUTH", ClientId: this.clientId, AuthParameters: { REFRESH_TOKEN: token } });
    this.keep({ RefreshToken: token, ...answer.AuthenticationResult });
  }
  keep(result) {
    this.tokens = { id: result.IdToken, access: result.AccessToken, refresh: result.RefreshToken };
    this.tokens.claims = JSON.parse(decode(result.IdToken.split(".")[1]));
    sessionStorage.setItem(KEPT, result.RefreshToken);
  }

  get user() {
    return this.tokens.claims["cognito:username"];
  }
  // An id token that is good for a minute more at least, by the clock of whoever issued it.
  async idToken() {
    const lived = (performance.now() - (this.tokens.since ??= performance.now())) / 1000;
    if (lived > this.tokens.claims.exp - this.tokens.claims.iat - 60) await this.refresh(this.tokens.refresh);
    return this.tokens.id;
  }

  async signOut() {
    const { access } = this.tokens;
    this.tokens = null;
    sessionStorage.removeItem(KEPT);
    await this.call("GlobalSignOut", { AccessToken: access });
  }
}

function decode(part) {
  const bytes = Uint8Array.from(atob(part.replace(/-/g, "+").replace(/_/g, "/")), c => c.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}
