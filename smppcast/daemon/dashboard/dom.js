// Elements and words: what every part of the page builds with.

/** An element; attributes by name, `on` for listeners, the rest what lies in it. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Writes a text only where it has changed: a screen reader would tell it again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Keeps one child a key, in the order of the items: what has the focus keeps it. */
export function keyed(parent, items, key, make, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let at = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let child = known.get(name);
    if (child) known.delete(name);
    else {
      child = make(item);
      child.dataset.key = name;
    }
    update(child, item);
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  }
  for (const gone of known.values()) gone.remove();
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const some = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

export const number = (value) => (value === null || value === undefined ? "–" : whole.format(value));
export const rate = (value) =>
  value === null || value === undefined ? "–" : value >= 100 ? whole.format(value) : some.format(value);
export const percent = (part, all) => (all ? `${some.format((100 * part) / all)} %` : "–");

/** Seconds as people say them. */
export function took(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return `${some.format(seconds * 1000)} ms`;
  if (seconds < 120) return `${some.format(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

/** A moment by the reader's own clock, with the day where it is another one. */
export function moment(iso) {
  if (!iso) return "–";
  const at = new Date(iso);
  const today = at.toDateString() === new Date().toDateString();
  return at.toLocaleString("en-GB", today ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" });
}

/** A list of terms and what they are. */
export const facts = (pairs) =>
  h("dl", { class: "facts" }, pairs.flatMap(([term, what]) => [h("dt", {}, term), h("dd", {}, what)]));

export function table(head, rows) {
  const cells = (tag, row) => row.map((cell, at) => h(at || tag === "th" ? tag : "th", at ? {} : { scope: "row" }, cell));
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": `Table: ${head[0] || head[1]}` },
    h("table", {}, h("thead", {}, h("tr", {}, head.map((cell) => h("th", { scope: "col" }, cell)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, cells("td", row))))),
  );
}
