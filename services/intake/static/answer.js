// The answer form with script: asks what the answers make worth asking in place, keeps what is typed
// on this device, and sends it so that it can be sent again. Without it the server does all that.

import { evaluate, isTrue } from "./conditions.js";

const SEND_SECONDS = 20;
const PING_SECONDS = 20;
const KEPT_DAYS = 30;

const form = document.querySelector("form[data-answers]");
const { items, words } = JSON.parse(document.getElementById("model").textContent);
const told = document.getElementById("told");
const key = `groundswell ${form.dataset.answers}`;

for (let part; (part = form.querySelector("template")); ) {
  const inside = part.content.cloneNode(true);
  const names = new Set([...inside.querySelectorAll("[name]")].map((field) => field.name));
  for (const field of form.querySelectorAll("input[type=hidden]")) {
    if (names.has(field.name) && field.name !== "asked") field.remove();
  }
  part.replaceWith(inside);
}

const fields = () => [...form.elements].filter((field) => field.name && field.type !== "submit");
const places = new Map([...form.querySelectorAll("[data-item]")].map((e) => [e.dataset.item, e]));
const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "…");
const isChoice = (field) => field.type === "radio" || field.type === "checkbox";

// Every field's values by its name, those of hidden items too.
function typed() {
  const values = new Map();
  for (const field of fields()) {
    if (isChoice(field) && !field.checked) continue;
    values.set(field.name, [...(values.get(field.name) ?? []), field.value]);
  }
  return values;
}

// As services/intake/answer_fields.py reads the fields; null where there is no answer, or none that
// the item takes.
function answerOf(item, values) {
  const name = `a.${item.id}`;
  const all = (values.get(name) ?? []).filter(Boolean);
  const one = all[0]?.trim() ? all[0] : null;
  if (CHOSEN.has(item.type) && all.length === 1 && one === "-") return { no_basis: true };
  const found = READ[item.type](item, name, one, all, values);
  return found === null && values.has(`${name}.-`) ? { no_basis: true } : found;
}

const whole = (text) => (/^[-+]?\d{1,15}$/.test(text ?? "") ? Number(text) : null);
const own = (item, name, values) => (item.other && values.get(`${name}.other`)?.[0].trim()) || "";
const parts = (name, values) =>
  [...values].filter(([each]) => each.startsWith(`${name}.`) && !each.endsWith(".-"))
    .map(([each, [value]]) => [each.slice(name.length + 1), value.trim()]).filter(([, v]) => v);
const inBounds = (item, value) =>
  value !== null && !(value < item.min) && !(value > item.max) ? value : null;

const CHOSEN = new Set(["rating", "nps", "single_choice", "multiple_choice"]);
const READ = {
  need(item, name, one, all, values) {
    const importance = whole(values.get(`${name}.importance`)?.[0]);
    const second = values.get(`${name}.satisfaction`)?.[0];
    if (importance === null || second === undefined) return null;
    const satisfaction = whole(second);
    return { importance, ...(satisfaction === null ? { use: second } : { satisfaction }) };
  },
  rating: (item, name, one) => whole(one),
  nps: (item, name, one) => whole(one),
  single_choice(item, name, one, all, values) {
    const text = own(item, name, values);
    if (text && (!one || one === "other")) return { other: text };
    return one === "other" && item.other ? null : one;
  },
  multiple_choice(item, name, one, all, values) {
    const text = own(item, name, values);
    const chosen = all.filter((value) => value !== "other" || !item.other);
    if (chosen.length < all.length && !text) return null;
    const answer = text ? [...chosen, { other: text }] : chosen;
    const alone = answer.length > 1 && chosen.some((value) => item.alone?.includes(value));
    const few = answer.length < (item.min_choices ?? 1);
    return alone || few || answer.length > item.max_choices ? null : answer;
  },
  ranking(item, name, one, all, values) {
    const ranked = parts(name, values).sort(([, a], [, b]) => a - b);
    const most = Math.min(item.max_choices ?? item.count, item.count);
    const isClear = new Set(ranked.map(([, place]) => place)).size === ranked.length;
    const fits = ranked.length >= (item.min_choices ?? most) && ranked.length <= most;
    return isClear && fits && ranked.length ? ranked.map(([value]) => value) : null;
  },
  matrix(item, name, one, all, values) {
    const rows = parts(name, values);
    return rows.length >= (item.required ? item.count : 1) ? Object.fromEntries(rows) : null;
  },
  number(item, name, one) {
    const found = /^[-+]?\d{1,15}(?:[.,](\d+))?$/.exec(one?.trim() ?? "");
    if (!found || (found[1] ?? "").length > (item.decimals ?? 0)) return null;
    return inBounds(item, Number(one.trim().replace(",", ".")));
  },
  date: (item, name, one) => inBounds(item, one),
  text: (item, name, one) => one,
};

// Shows what the answers ask for, and only that is sent; tells what does not fit.
function settle() {
  const values = typed();
  const answers = {};
  const group = values.get("group")?.[0];
  if (group) answers.group = group;
  let done = 0;
  let all = 0;
  for (const item of items) {
    const place = places.get(item.id);
    const shows = !item.show || isTrue(evaluate(item.show, answers));
    if (place) show(place, shows);
    if (!shows) continue;
    const answer = answerOf(item, values);
    const together = answer === null ? answers : { ...answers, [item.id]: answer };
    const fits = answer === null || !item.valid || isTrue(evaluate(item.valid, together));
    if (place) {
      const needed = place.querySelector(".needed");
      if (item.need) needed.hidden = !item.required && !isTrue(evaluate(item.need, answers));
      object(place, fits ? "" : (item.message ?? words.wrong_together));
    }
    if (answer !== null && fits) answers[item.id] = answer;
    all += 1;
    done += answer !== null && fits;
  }
  for (const section of form.querySelectorAll("[data-section]")) {
    section.hidden = !section.querySelector("[data-item]:not([hidden])");
  }
  for (const pipe of document.querySelectorAll("[data-pipe]")) {
    const text = inWords(pipe.dataset.pipe, answers);
    if (pipe.textContent !== text) pipe.textContent = text;
  }
  const bar = form.querySelector(".progress progress");
  [bar.max, bar.value] = [Math.max(all, 1), done];
  bar.nextElementSibling.textContent = say(words.progress, { done, all });
}

function show(place, shows) {
  if (place.hidden !== shows) return;
  place.hidden = !shows;
  for (const field of place.querySelectorAll("input, select, textarea")) field.disabled = !shows;
}

function object(place, message) {
  let line = place.querySelector("[data-object]");
  if (!line && message) {
    line = Object.assign(document.createElement("p"), { className: "error" });
    line.dataset.object = "";
    line.setAttribute("role", "status");
    place.append(line);
  }
  if (line && line.textContent !== message) {
    line.textContent = message;
    line.hidden = !message;
  }
}

// An earlier answer as somebody would say it: as pages/texts.py does.
function inWords(name, answers) {
  const answer = answers[name];
  if (answer === undefined) return "…";
  const kind = items.find((item) => item.id === name)?.type;
  const field = name === "group" ? name : `a.${name}`;
  if (answer.no_basis) return words.no_basis;
  if (kind === "need") {
    const { satisfaction, importance, use } = answer;
    const second = use ? words[use].toLowerCase() : say(words.satisfaction_in_words, { satisfaction });
    return say(words.need_in_words, { importance, second });
  }
  if (kind === "matrix") {
    const lines = Object.entries(answer).map(([row, value]) => {
      const line = document.getElementById(`${field}.${row}.row`).textContent;
      return `${line}: ${label(`${field}.${row}`, value)}`;
    });
    return lines.join("; ");
  }
  if (kind === "ranking") {
    const told = answer.map((value, i) => `${i + 1}. ${label(`${field}.${value}`)}`);
    return told.join(", ");
  }
  if (kind === "single_choice" || kind === "multiple_choice" || name === "group") {
    return [answer].flat().map((value) => value.other ?? label(field, value)).join(", ");
  }
  return String(answer);
}

function label(name, value) {
  const field = [...document.getElementsByName(name)].find(
    (each) => value === undefined || each.value === value,
  );
  if (field?.tagName === "SELECT") return field.selectedOptions[0].textContent.trim();
  const text = field?.closest("label") ?? field?.closest("li")?.querySelector("[data-choice]");
  return text?.textContent.trim() ?? value ?? "…";
}

// What goes with nothing else, and what an answer of one's own ticks.
function agree(field) {
  const place = field.closest("[data-item]");
  if (!place) return;
  const others = [...place.querySelectorAll("input, textarea")].filter((each) => each !== field);
  if (field.type === "checkbox" && field.checked && "noBasis" in field.dataset) {
    for (const each of others) isChoice(each) ? (each.checked = false) : clear(each);
    arrange();
    return;
  }
  const isFilled = isChoice(field) ? field.checked : field.value.trim();
  if (!isFilled) return;
  const alone = "alone" in field.dataset;
  for (const each of others) {
    if ("noBasis" in each.dataset) each.checked = false;
    if (each.type === "checkbox" && (alone || "alone" in each.dataset)) each.checked = false;
    if (alone && each.name.endsWith(".other")) each.value = "";
  }
  if (field.name.endsWith(".other")) {
    const name = field.name.slice(0, -".other".length);
    for (const each of document.getElementsByName(name)) {
      if (each.tagName === "SELECT") each.value = "other";
      else if (each.value === "other") each.checked = true;
    }
  }
}

const clear = (field) => field.name !== "asked" && (field.value = "");

// Ranking by touch: choose in order, move up and down; the numbers stay the fields that are sent.
const rankings = [...form.querySelectorAll(".ranks")].map((list) => {
  const item = items.find(({ id }) => id === list.closest("[data-item]").dataset.item);
  const most = Math.min(item.max_choices ?? item.count, item.count);
  const rows = [...list.children].map((row) => {
    const input = row.querySelector("input");
    const [text] = row.querySelectorAll("label > span");
    const choice = text.textContent.trim();
    const button = (name, inside) => {
      const made = Object.assign(document.createElement("button"), { type: "button" });
      made.className = name;
      made.append(inside);
      return made;
    };
    text.dataset.choice = "";
    const pick = button("pick", text);
    const [up, down] = [button("move", "↑"), button("move", "↓")];
    up.setAttribute("aria-label", say(words.rank_up, { choice }));
    down.setAttribute("aria-label", say(words.rank_down, { choice }));
    input.type = "hidden";
    row.replaceChildren(input, pick, up, down);
    return { row, input, pick, up, down, choice };
  });
  const note = document.createElement("p");
  note.className = "hidden";
  note.setAttribute("role", "status");
  list.before(note);
  const hint = document.getElementById(`a.${item.id}.hint`);
  const limit = most < item.count ? ` ${say(words.at_most, { most })}` : "";
  if (hint) hint.lastElementChild.textContent = words.rank_how + limit;
  list.classList.add("live");
  const place = ({ input }) => Number(input.value) || Infinity;
  const ranked = () => rows.filter((each) => place(each) < Infinity).sort((a, b) => place(a) - place(b));

  function arrange() {
    const first = ranked();
    const rest = rows.filter((each) => !first.includes(each));
    const order = [...first, ...rest];
    if (order.some(({ row }, i) => list.children[i] !== row)) list.append(...order.map((e) => e.row));
    first.forEach((each, i) => (each.input.value = i + 1));
    for (const each of rows) {
      const at = first.indexOf(each);
      each.pick.setAttribute("aria-pressed", at >= 0);
      each.pick.dataset.place = at >= 0 ? at + 1 : "";
      each.pick.disabled = at < 0 && first.length >= most;
      each.up.hidden = each.down.hidden = at < 0;
      each.up.disabled = at === 0;
      each.down.disabled = at === first.length - 1;
    }
  }

  function changed(each, button) {
    arrange();
    const at = place(each);
    note.textContent =
      at < Infinity ? say(words.rank_said, { choice: each.choice, place: at }) : say(words.rank_gone, each);
    (button.disabled ? each.pick : button).focus();
    each.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  for (const each of rows) {
    each.pick.addEventListener("click", () => {
      each.input.value = place(each) < Infinity ? "" : ranked().length + 1;
      changed(each, each.pick);
    });
    for (const [button, step] of [[each.up, -1.5], [each.down, 1.5]]) {
      button.addEventListener("click", () => {
        each.input.value = place(each) + step;
        changed(each, button);
      });
    }
  }
  return arrange;
});
const arrange = () => rankings.forEach((each) => each());

// What is typed is kept on this device until it is sent, unless the device is shared.
const isFresh = "fresh" in form.dataset;
const page = { sent: false, touched: false };
const visit = {
  id: form.elements.namedItem("visit")?.value ?? hex(),
  spent: Number(form.elements.namedItem("seconds")?.value ?? 0),
  since: performance.now(),
  item: "",
  said: "",
};

function hex() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

function spent() {
  const now = document.visibilityState === "visible" ? performance.now() : visit.since;
  return Math.round(visit.spent + (now - visit.since) / 1000);
}

function draft() {
  const kept = fields().filter((f) => f.type !== "hidden" || f.closest(".ranks"));
  const values = kept.filter((f) => !isChoice(f) || f.checked).map((f) => [f.name, f.value]);
  const id = form.elements.namedItem("id").value;
  return { at: Date.now(), id, values, visit: visit.id, spent: spent() };
}

function keep() {
  if (!("kept" in form.dataset) || page.sent || !page.touched) return;
  try {
    localStorage.setItem(key, JSON.stringify(draft()));
  } catch {
    // Full, or not allowed: the page goes on without.
  }
}

// What was sent, for whoever goes back to it: only in this tab, and only on the way back.
function rememberSent() {
  if (!("kept" in form.dataset)) return;
  try {
    sessionStorage.setItem(key, JSON.stringify(draft()));
  } catch {
    // Full, or not allowed: the browser fills in what it remembers itself.
  }
}

function comeBack() {
  const [{ type }] = performance.getEntriesByType("navigation");
  if (type !== "back_forward" || !("kept" in form.dataset)) return false;
  try {
    const sent = JSON.parse(sessionStorage.getItem(key));
    if (!sent || localStorage.getItem(key)) return false; // what was typed since counts more
    form.elements.namedItem("id").value = sent.id;
    fill(sent);
    return true;
  } catch {
    return false;
  }
}

function restore() {
  let begun = null;
  try {
    begun = JSON.parse(localStorage.getItem(key));
  } catch {
    return;
  }
  const address = new URL(location);
  const field = form.elements.namedItem("id");
  if (!begun || address.searchParams.has("another") || Date.now() - begun.at > KEPT_DAYS * 864e5) {
    localStorage.removeItem(key);
    return;
  }
  if (begun.id !== field.value) {
    if ("invited" in form.dataset || address.searchParams.has("id")) return;
    // Loaded once more with the id that was begun with: the order of choices follows from it.
    address.searchParams.set("id", begun.id);
    location.replace(address);
    return;
  }
  fill(begun);
  document.getElementById("restored").hidden = false;
}

function fill({ values, visit: id, spent }) {
  for (const each of fields()) {
    const found = values.filter(([name]) => name === each.name).map(([, value]) => value);
    if (isChoice(each)) each.checked = found.includes(each.value);
    else if (found.length) each.value = found[0];
  }
  Object.assign(visit, { id, spent });
  page.touched = true;
}

// How far the page was answered, and nothing of what was said.
function ping() {
  const consent = form.elements.namedItem("consent");
  const isNew = form.elements.namedItem("receipt") === null && "reached" in form.dataset;
  if (!isNew || page.sent || !visit.item || visit.item === visit.said || (consent && !consent.checked)) return;
  visit.said = visit.item;
  navigator.sendBeacon(form.dataset.reached, new URLSearchParams({ visit: visit.id, item: visit.item }));
}

let waiting = 0;
function changed(event) {
  page.touched = true;
  agree(event.target);
  const item = event.target.closest("[data-item]")?.dataset.item;
  const order = items.map(({ id }) => id);
  if (item && order.indexOf(item) > order.indexOf(visit.item)) visit.item = item;
  settle();
  clearTimeout(waiting);
  waiting = setTimeout(keep, 300);
}

function tell(text, isBad) {
  told.textContent = text;
  told.className = isBad ? "summary" : "soft";
  told.hidden = !text;
  if (isBad) told.scrollIntoView({ block: "nearest" });
}

// For the server: it goes along unseen, over every page that follows.
function state(name, value) {
  const made = () => Object.assign(document.createElement("input"), { type: "hidden", name });
  const field = form.elements.namedItem(name) ?? form.appendChild(made());
  field.value = value;
}

async function send(event) {
  state("visit", visit.id);
  state("seconds", spent());
  if (event.submitter?.name === "step") {
    page.sent = true;
    return;
  }
  event.preventDefault();
  keep();
  const button = form.querySelector(".send button");
  const body = new URLSearchParams(new FormData(form));
  button.disabled = true;
  tell(words.sending, false);
  try {
    const signal = AbortSignal.timeout(SEND_SECONDS * 1000);
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body, signal });
    if (answer.status >= 500 || answer.status === 429) return tell(words.busy, true);
    if (answer.redirected) {
      rememberSent();
      page.sent = true;
      location.assign(answer.url);
    } else {
      form.submit(); // the same again, for the browser to show what is to be done
    }
    tell("", false);
  } catch {
    tell(words.away, true);
  } finally {
    button.disabled = false;
  }
}

for (const each of document.querySelectorAll(".scripted:not(#told, #restored)")) each.hidden = false;
const isBack = comeBack();
if (isFresh) {
  if (!isBack) restore();
  const address = new URL(location);
  address.searchParams.delete("id");
  if (address.href !== location.href) history.replaceState(null, "", address);
}
arrange();
settle();
form.addEventListener("input", changed);
form.addEventListener("change", changed);
form.addEventListener("submit", send);
setInterval(ping, PING_SECONDS * 1000);
addEventListener("pageshow", () => ((page.sent = false), settle()));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    visit.since = performance.now();
    return;
  }
  visit.spent += (performance.now() - visit.since) / 1000;
  visit.since = performance.now();
  keep();
  ping();
});
