// What a sign-in may still ask after the password, as forms: a title, a sentence, fields or choices. Knows the pool's challenges, not the page.

const code = name => [{ name, label: "Code", kind: "text", autocomplete: "one-time-code", numeric: true }];
const METHODS = { SMS_MFA: "A text message", SOFTWARE_TOKEN_MFA: "An authenticator", EMAIL_OTP: "A mail" };

const FORMS = {
  NEW_PASSWORD_REQUIRED: ({ requiredAttributes }) => ({
    title: "Choose a new password",
    told: "Your password was temporary.",
    fields: [
      { name: "NEW_PASSWORD", label: "New password", kind: "password", autocomplete: "new-password",
        hint: "At least eight characters, with capitals, small letters and digits." },
      ...JSON.parse(requiredAttributes || "[]").map(name =>
        ({ name, label: name.replace("userAttributes.", "").replaceAll("_", " "), kind: "text", autocomplete: "on" })),
    ],
  }),
  SOFTWARE_TOKEN_MFA: ({ FRIENDLY_DEVICE_NAME: device }) => ({
    title: "Enter the code of your authenticator",
    told: device ? `It is on ${device}.` : "",
    fields: code("SOFTWARE_TOKEN_MFA_CODE"),
  }),
  SMS_MFA: ({ CODE_DELIVERY_DESTINATION: to }) => ({
    title: "Enter the code from the text message", told: `It was sent to ${to}.`, fields: code("SMS_MFA_CODE"),
  }),
  EMAIL_OTP: ({ CODE_DELIVERY_DESTINATION: to }) => ({
    title: "Enter the code from the mail", told: `It was sent to ${to}.`, fields: code("EMAIL_OTP_CODE"),
  }),
  SELECT_MFA_TYPE: ({ MFAS_CAN_CHOOSE }) => ({
    title: "Choose how to confirm",
    told: "",
    choices: JSON.parse(MFAS_CAN_CHOOSE).map(value => ({ name: "ANSWER", value, label: METHODS[value] ?? value })),
  }),
  MFA_SETUP: ({ secret }) => ({
    title: "Set up an authenticator",
    told: "Enter this key in your authenticator, then the code that it shows:",
    secret,
    fields: code("CODE"),
  }),
};

// The form of a challenge; nothing for one that this page does not know.
export function form(name, parameters) {
  return FORMS[name]?.(parameters);
}

// The form's elements.
export function elements({ fields = [], choices = [], secret }) {
  const made = [];
  if (secret) {
    const key = element("p");
    key.append(element("code", { textContent: secret }));
    made.push(key);
  }
  for (const field of fields) {
    const id = `challenge-${field.name}`;
    const input = element("input", { id, name: field.name, type: field.kind, autocomplete: field.autocomplete, required: true });
    if (field.numeric) input.inputMode = "numeric";
    made.push(element("label", { htmlFor: id, textContent: field.label }), input);
    if (!field.hint) continue;
    input.setAttribute("aria-describedby", `${id}-hint`);
    made.push(element("p", { id: `${id}-hint`, className: "hint", textContent: field.hint }));
  }
  if (choices.length) {
    const set = element("fieldset");
    set.append(element("legend", { textContent: "How do you want to confirm?" }));
    for (const { name, value, label } of choices) {
      const line = element("label", { className: "choice" });
      line.append(element("input", { type: "radio", name, value, required: true }), ` ${label}`);
      set.append(line);
    }
    made.push(set);
  }
  return made;
}

function element(kind, properties = {}) {
  return Object.assign(document.createElement(kind), properties);
}
