// Progress of recipients: a bar whose parts are outcomes, and the same in words.
import { h, number, percent, say } from "/assets/dom.js";

const PARTS = [
  ["delivered", "delivered", (a) => a.delivered],
  ["awaiting", "awaiting receipt", (a) => a.awaiting_receipt],
  ["failed", "undelivered, expired or rejected", (a) => a.undelivered + a.expired + a.rejected],
  ["unknown", "unknown", (a) => a.unknown],
  ["flying", "in flight", (a) => a.in_flight],
];

export function bar(label, thin = false) {
  const element = h("div", { class: thin ? "bar thin" : "bar", role: "progressbar", "aria-label": label,
    "aria-valuemin": "0", "aria-valuemax": "100" });
  element.append(...PARTS.map(([kind]) => h("i", { class: kind })));
  return element;
}

/** Recipients who get a message: those of the feed that is still to be read too, where it was counted. */
export function allOf(account, total) {
  const kept = account.fed - (account.invalid || 0) - (account.duplicate || 0) - (account.suppressed || 0);
  return Math.max(kept, total || 0);
}

export const sentOf = (account) => account.accepted + account.rejected + account.unknown;

export function setBar(element, account, total) {
  const all = allOf(account, total);
  PARTS.forEach(([, , count], at) => {
    element.children[at].style.width = all ? `${(100 * count(account)) / all}%` : "0";
  });
  const sent = sentOf(account);
  element.setAttribute("aria-valuenow", all ? Math.floor((100 * sent) / all) : 0);
  element.setAttribute("aria-valuetext", `${number(sent)} of ${number(all)} sent, ${number(account.delivered)} delivered`);
}

export function legend() {
  return h("div", { class: "legend" }, PARTS.map(([kind]) => h("span", { class: kind })), h("span", {}));
}

export function setLegend(element, account, total) {
  const all = allOf(account, total);
  PARTS.forEach(([, words, count], at) => {
    const found = count(account);
    element.children[at].hidden = !found && at > 0;
    say(element.children[at], `${number(found)} ${words}${at ? "" : ` (${percent(found, all)})`}`);
  });
  const left = Math.max(0, all - sentOf(account) - account.in_flight);
  element.lastChild.hidden = !left;
  say(element.lastChild, `${number(left)} not sent`);
}

/** A plain bar: so much of so much. */
export function gauge(label) {
  return h("div", { class: "bar thin", role: "meter", "aria-label": label, "aria-valuemin": "0" }, h("i", { class: "use" }));
}

export function setGauge(element, part, all, words) {
  element.firstChild.style.width = all ? `${Math.min(100, (100 * part) / all)}%` : "0";
  element.setAttribute("aria-valuemax", Math.max(1, Math.round(all || 1)));
  element.setAttribute("aria-valuenow", Math.round(Math.min(part, all || 1)));
  element.setAttribute("aria-valuetext", words);
}
