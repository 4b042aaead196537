// The page: one section at a time, by what the user may do next.

import { Pool, Refused } from "./cognito.js";
import * as challenges from "./challenges.js";
import { Pictures } from "./pictures.js";

const at = id => document.getElementById(id);
const SECTIONS = ["sign-in", "sign-up", "confirm", "challenge", "gallery"];
let pool, pictures, question, following;

function show(section) {
  for (const id of SECTIONS) at(id).hidden = id !== section;
  at("who").hidden = section !== "gallery";
  at(section).querySelector("input:not([value]), input[type=radio]")?.focus();
}

function say(id, text) {
  for (const other of ["alert", "status"]) at(other).hidden = true;
  at(id).textContent = text;
  at(id).hidden = !text;
}

// Runs what a form asks for; what goes wrong is told, and the form can be sent again.
function on(form, work) {
  form.addEventListener("submit", async event => {
    event.preventDefault();
    say("alert", "");
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await work(Object.fromEntries(new FormData(form)), form);
    } catch (error) {
      say("alert", error.message);
    } finally {
      button.disabled = false;
    }
  });
}

const formOf = id => at(id).querySelector("form");

function confirmFirst(user, text) {
  at("confirm-user").value = user;
  show("confirm");
  say("status", text);
}

on(formOf("sign-in"), async ({ user, password }) => {
  let asked;
  try {
    asked = await pool.signIn(user, password);
  } catch (refused) {
    if (!(refused instanceof Refused) || refused.code !== "UserNotConfirmedException") throw refused;
    return confirmFirst(user, "Your account is not confirmed yet.");
  }
  formOf("sign-in").reset();
  await goOn(asked);
});

// Enters, or puts the next question of the sign-in.
async function goOn(asked) {
  question = asked;
  if (!asked) return enter();
  const form = challenges.form(asked.name, asked.parameters);
  if (!form) throw new Error(`This page can't answer ${asked.name}.`);
  at("challenge-title").textContent = form.title;
  at("challenge-told").textContent = form.told;
  at("challenge-told").hidden = !form.told;
  at("challenge-fields").replaceChildren(...challenges.elements(form));
  show("challenge");
}

on(formOf("challenge"), async values => {
  const answers = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, name === "NEW_PASSWORD" ? value : value.trim()]));
  try {
    await goOn(await pool.answer(question, answers));
  } catch (refused) {
    // A question that no longer counts begins anew; a wrong answer may be tried again.
    if (refused.code === "NotAuthorizedException") show("sign-in");
    throw refused;
  }
});

at("challenge-again").addEventListener("click", () => {
  say("alert", "");
  show("sign-in");
});

on(formOf("sign-up"), async ({ user, email, password }) => {
  await pool.signUp(user, email, password);
  formOf("sign-up").reset();
  confirmFirst(user, `A code was sent to ${email}.`);
});

on(formOf("confirm"), async ({ user, code }) => {
  await pool.confirm(user, code.trim());
  formOf("confirm").reset();
  show("sign-in");
  at("in-user").value = user;
  say("status", "Your account is confirmed. Please sign in.");
});

at("resend").addEventListener("click", () =>
  pool.resend(at("confirm-user").value).then(() => say("status", "A new code was sent."), error => say("alert", error.message)));

on(at("upload"), async ({ file }, form) => {
  const progress = at("progress");
  progress.hidden = false;
  try {
    const id = await pictures.upload(file, percent => (progress.value = percent));
    say("status", `${file.name} is uploaded. Its renditions are being made.`);
    form.reset();
    const made = await pictures.wait(id);
    say(made ? "status" : "alert", made ? `${file.name} is here.` : `${file.name} was not taken as a picture.`);
    await gallery();
  } finally {
    progress.hidden = true;
    progress.value = 0;
  }
});

at("sign-out").addEventListener("click", async () => {
  await pool.signOut().catch(error => say("alert", error.message));
  at("pictures").replaceChildren();
  at("more").hidden = true;
  show("sign-in");
  say("status", "You are signed out.");
});

async function enter() {
  at("name").textContent = pool.user;
  history.replaceState(null, "", location.pathname);
  show("gallery");
  await gallery();
}

async function gallery() {
  following = null;
  const shown = await cards();
  at("pictures").replaceChildren(...shown);
  at("none").hidden = shown.length > 0;
}

// The pictures of one page of the list, and where the next one begins.
async function cards() {
  const { images, next } = await pictures.list(following);
  const gone = error => { if (error.status !== 404) throw error; };
  const shown = await Promise.all(images.map(image => pictures.one(image.id).then(card, gone)));
  following = next;
  at("more").hidden = !next;
  return shown.filter(Boolean);
}

at("more").addEventListener("click", async () => {
  at("more").disabled = true;
  try {
    const shown = await cards();
    at("pictures").append(...shown);
    // The button may be gone: whoever came by the keyboard goes on with what it brought.
    shown[0]?.querySelector("a").focus();
  } catch (error) {
    say("alert", error.message);
  } finally {
    at("more").disabled = false;
  }
});

// A picture by its renditions: the smallest that is sharp enough is loaded, the biggest is linked.
function card(image) {
  const entry = document.createElement("li");
  const link = document.createElement("a");
  const picture = document.createElement("img");
  const renditions = [...image.renditions].sort((a, b) => a.width - b.width);
  const jpegs = renditions.filter(rendition => rendition.contentType === "image/jpeg");
  const usable = jpegs.length ? jpegs : renditions;
  picture.alt = image.name;
  picture.srcset = usable.map(rendition => `${rendition.url} ${rendition.width}w`).join(", ");
  picture.sizes = "13rem";
  picture.src = usable[0]?.url ?? "";
  link.href = usable.at(-1)?.url ?? "";
  link.append(picture);
  const told = document.createElement("p");
  told.textContent = `${image.name}, ${image.width} × ${image.height}`;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "danger";
  remove.textContent = "Delete";
  remove.setAttribute("aria-label", `Delete ${image.name}`);
  remove.addEventListener("click", () => pictures.remove(image.id).then(gallery).catch(error => say("alert", error.message)));
  entry.append(link, told, remove);
  return entry;
}

function byHash() {
  if (!at("gallery").hidden) return;
  const wanted = location.hash.slice(1);
  say("alert", "");
  show(["sign-in", "sign-up"].includes(wanted) ? wanted : "sign-in");
}

try {
  const config = await (await fetch("config.json")).json();
  pool = new Pool(config);
  pictures = new Pictures(config, pool);
  addEventListener("hashchange", byHash);
  if (await pool.resume()) await enter();
  else byHash();
} catch (error) {
  say("alert", `This page can't start: ${error.message}`);
}
