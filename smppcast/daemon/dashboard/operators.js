// Operators: a card each with what their binds do, and what an admin may do to them.
import { ask } from "/assets/api.js";
import { gauge, setGauge } from "/assets/bars.js";
import { confirm } from "/assets/dialogs.js";
import { h, keyed, number, rate, say, took } from "/assets/dom.js";

const ACTIONS = {
  pause: ["Pause", "Nothing is submitted to it until it is resumed; its binds stay up and receipts are taken in."],
  drain: ["Drain", "Nothing is submitted to it any more; once all is answered its binds are closed."],
  resume: ["Resume", "It is bound and submitted to again."],
};
const LINES = [
  ["binds", (each) => `${each.bound} of ${each.binds} up`],
  ["throttled", (each) => number(each.throttled)],
  ["reconnects", (each) => number(each.reconnects)],
  ["answers", (each) => spread(each.latency_s)],
  ["receipts", (each) => spread(each.receipt_latency_s)],
  ["unanswered", (each) => number(each.lost)],
];

let roles = [];
const cards = new WeakMap();

export const setRoles = (found) => (roles = found);

export function showOperators(parent, operators) {
  keyed(parent, operators, (each) => each.name, make, update);
}

function make(operator) {
  const parts = {
    state: h("span", { class: "badge" }),
    pace: h("span"), paceBar: gauge(`Rate of ${operator.name} now, of what is allowed`),
    room: h("span"), roomBar: gauge(`Window of ${operator.name} in use`),
    values: LINES.map(() => h("dd")),
    pause: h("p", { class: "quiet" }),
    error: h("p", { class: "quiet" }),
    actions: h("div", { class: "actions" }),
  };
  const id = `operator-${operator.name.replace(/[^A-Za-z0-9]/g, "-")}`;
  const card = h("article", { class: "card", "aria-labelledby": id },
    h("div", { class: "head" }, h("h3", { id }, operator.name), parts.state),
    h("div", { class: "part" }, h("div", { class: "line" }, h("span", {}, "rate"), parts.pace), parts.paceBar),
    h("div", { class: "part" }, h("div", { class: "line" }, h("span", {}, "window"), parts.room), parts.roomBar),
    h("dl", { class: "facts" }, LINES.flatMap(([term], at) => [h("dt", {}, term), parts.values[at]])),
    parts.pause, parts.error, parts.actions);
  cards.set(card, parts);
  return card;
}

function update(card, operator) {
  const parts = cards.get(card);
  say(parts.state, operator.state);
  parts.state.dataset.state = operator.state;
  const allowed = operator.rate_allowed;
  const pace = `${rate(operator.rate_now)}/s of ${allowed === null ? "no limit" : `${rate(allowed)}/s`}`;
  say(parts.pace, pace);
  setGauge(parts.paceBar, operator.rate_now, allowed ?? operator.rate_now, pace);
  const room = `${number(operator.in_flight)} of ${number(operator.window)} in flight`;
  say(parts.room, room);
  setGauge(parts.roomBar, operator.in_flight, operator.window, room);
  LINES.forEach(([, words], at) => say(parts.values[at], words(operator)));
  const paused = operator.state === "paused" && operator.pause;
  say(parts.pause, paused ? `paused: ${operator.pause}` : "");
  parts.pause.hidden = !paused;
  say(parts.error, operator.last_error ? `last error: ${operator.last_error}` : "");
  parts.error.hidden = !operator.last_error;
  const may = !roles.includes("admin") ? [] : operator.state === "held" ? ["resume"] : ["pause", "drain"];
  keyed(parts.actions, may, (each) => each, (each) => button(each, operator.name), () => {});
}

const spread = (found) => (found ? `${took(found.p50)}, p99 ${took(found.p99)}` : "–");

function button(action, name) {
  const [word, text] = ACTIONS[action];
  const work = async () => {
    await ask("POST", `/operators/${encodeURIComponent(name)}/${action}`);
    return `${name}: ${action} is done`;
  };
  const begin = () => confirm({ head: `${word} ${name}?`, text, yes: word, danger: action === "drain", work });
  return h("button", { type: "button", on: { click: begin } }, word, h("span", { class: "unseen" }, ` ${name}`));
}
