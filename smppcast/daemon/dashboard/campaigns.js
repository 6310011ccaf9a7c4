// Campaigns: a card each, what may be done to it, and all that is known of it.
import { ask, campaignPath } from "/assets/api.js";
import { allOf, bar, legend, sentOf, setBar, setLegend } from "/assets/bars.js";
import { confirm } from "/assets/dialogs.js";
import { byId, facts, h, keyed, moment, number, percent, say, table, took } from "/assets/dom.js";

const WORDS = {
  test: "Test", approve: "Approve", start: "Start", pause: "Pause", resume: "Resume", cancel: "Cancel", recall: "Recall",
};
const ORDER = ["start", "approve", "test", "resume", "pause", "recall", "cancel"];
const DONE = {
  test: "the test is sent", approve: "approved", start: "started", pause: "paused", resume: "goes on",
  cancel: "cancelled", recall: "is being recalled",
};
const DANGER = new Set(["cancel", "recall"]);

let me = { name: "", may: [], roles: [] };
const cards = new WeakMap();

export const setMe = (found) => (me = found);
const isSender = () => me.roles.includes("sender");

// --- cards -----------------------------------------------------------------------------------

export function showCampaigns(parent, campaigns) {
  keyed(parent, campaigns, (each) => each.name, makeCard, updateCard);
}

function makeCard(campaign) {
  const parts = {
    state: h("span", { class: "badge" }),
    reason: h("p", { class: "quiet" }),
    bar: bar(`Progress of ${campaign.name}`),
    legend: legend(),
    operators: h("div", { class: "cards part-list" }),
    times: h("p", { class: "quiet" }),
    actions: h("div", { class: "actions" }),
  };
  const id = `campaign-${campaign.name.replace(/[^A-Za-z0-9]/g, "-")}`;
  const detail = h("button", { type: "button", on: { click: () => showDetail(campaign.name) } }, "Details",
    h("span", { class: "unseen" }, ` of ${campaign.name}`));
  const card = h("article", { class: "card", "aria-labelledby": id },
    h("div", { class: "head" }, h("h3", { id }, campaign.name), parts.state),
    parts.reason, parts.bar, parts.legend, parts.operators, parts.times,
    h("div", { class: "actions" }, detail, parts.actions));
  cards.set(card, parts);
  return card;
}

function updateCard(card, campaign) {
  const parts = cards.get(card);
  say(parts.state, campaign.state);
  parts.state.dataset.state = campaign.state;
  say(parts.reason, campaign.reason || draftWords(campaign));
  parts.reason.hidden = !parts.reason.textContent;
  const account = campaign.account;
  parts.bar.hidden = parts.legend.hidden = !account;
  if (account) {
    setBar(parts.bar, account, campaign.total);
    setLegend(parts.legend, account, campaign.total);
  }
  const named = Object.entries(campaign.operators).filter(([, part]) => part.account && allOf(part.account, part.total));
  keyed(parts.operators, named, ([name]) => name, makePart, updatePart);
  say(parts.times, timeWords(campaign));
  parts.times.hidden = !parts.times.textContent;
  const may = ORDER.filter((action) => campaign.actions.includes(action) && mayDo(action, campaign));
  keyed(parts.actions, may, (action) => action, (action) => button(action, campaign.name), () => {});
}

function mayDo(action, campaign) {
  if (action === "approve" && campaign.author === me.name) return false; // somebody else has to
  if (action === "start" && campaign.needs_approval && campaign.state === "draft") return false;
  return me.may.includes(action);
}

function draftWords(campaign) {
  if (campaign.state !== "draft" && campaign.state !== "approved") return "";
  const count = campaign.total === null ? "its feed is being counted" : `${number(campaign.total)} recipients`;
  if (campaign.needs_approval && !campaign.approved) {
    return `by ${campaign.author}: ${count}; it needs ${campaign.tested ? "" : "a test and "}approval by someone else`;
  }
  const approved = campaign.approved ? `, approved by ${campaign.approved.by}` : "";
  return `by ${campaign.author}: ${count}${campaign.tested ? ", tested" : ""}${approved}`;
}

function timeWords(campaign) {
  if (!campaign.ends || !campaign.account) return "";
  const left = Math.max(0, (new Date(campaign.ends) - Date.now()) / 1000);
  const all = allOf(campaign.account, campaign.total);
  return sentOf(campaign.account) >= all ? "" : `${took(left)} left: the last message leaves about ${moment(campaign.ends)}`;
}

const partParts = new WeakMap();

function makePart([name]) {
  const parts = { words: h("span"), wave: h("span", { class: "quiet" }), bar: bar(`Progress at ${name}`, true) };
  const element = h("div", { class: "part" },
    h("div", { class: "line" }, h("span", {}, h("b", {}, name), " ", parts.wave), parts.words), parts.bar);
  partParts.set(element, parts);
  return element;
}

function updatePart(element, [, part]) {
  const parts = partParts.get(element);
  const all = allOf(part.account, part.total);
  say(parts.words, `${number(sentOf(part.account))} of ${number(all)}`);
  setBar(parts.bar, part.account, part.total);
  const progress = part.progress;
  const words = [];
  if (progress && progress.waves > 1) words.push(`wave ${progress.wave} of ${progress.waves}`);
  if (progress && progress.stage !== "sending") {
    words.push(progress.until ? `${progress.stage} until ${moment(progress.until)}` : progress.stage);
  }
  say(parts.wave, words.join(", "));
}

// --- what is done to them -----------------------------------------------------------------------

function button(action, name) {
  return h("button", { type: "button", class: action === "start" ? "first" : "", on: { click: () => begin(action, name) } },
    WORDS[action], h("span", { class: "unseen" }, ` ${name}`));
}

async function begin(action, name) {
  let text;
  try {
    text = await whatItDoes(action, name);
  } catch (refused) {
    text = refused.message;
  }
  confirm({
    head: `${WORDS[action]} ${name}?`,
    text,
    yes: action === "cancel" ? "Cancel it for good" : WORDS[action],
    danger: DANGER.has(action),
    work: async () => {
      await ask("POST", campaignPath(name, `/${action}`));
      return `${name}: ${DONE[action]}`;
    },
  });
}

async function whatItDoes(action, name) {
  const campaign = await ask("GET", campaignPath(name));
  const account = campaign.account;
  const left = account ? number(account.not_sent) : "0";
  switch (action) {
    case "start": {
      const [count, plan] = [campaign.count, await ask("GET", campaignPath(name, "/plan"))];
      return [
        `${number(sum(count.recipients))} recipients are sent ${number(sum(count.segments))} segments, for real:`,
        operatorTable(plan),
        plan.left ? `${number(plan.left)} of them would get none before the plan's end.` : "",
      ].filter(Boolean);
    }
    case "approve":
      return [
        `You say that this text may go to ${number(sum((campaign.count || { recipients: {} }).recipients))} recipients:`,
        h("blockquote", {}, campaign.text),
        `Written by ${campaign.author}; whoever may send can then start it.`,
      ];
    case "test":
      return [`This text goes to ${(campaign.test_numbers || []).length} test numbers now:`, h("blockquote", {}, campaign.text)];
    case "pause":
      return `Nothing new of it is sent until it is resumed. What is in flight is answered, and receipts are taken in.`;
    case "resume":
      return `It goes on where it stands: ${left} of those read so far have no message yet.`;
    case "cancel":
      return account
        ? `It ends for good. Whoever was not sent a message gets none (${left} of those read so far); what was sent stays sent.`
        : "The draft ends for good; nothing of it was sent.";
    default:
      return `Each SMSC is asked to drop what it has not delivered yet. What was delivered stays delivered.`;
  }
}

const sum = (counts) => Object.values(counts || {}).reduce((all, each) => all + each, 0);

function operatorTable(plan) {
  const rows = plan.operators.map((part) => [
    part.operator, number(part.recipients), number(part.recipients * part.segments), moment(part.starts), moment(part.ends),
  ]);
  return table(["Operator", "recipients", "segments", "begins", "ends"], rows);
}

// --- all that is known ----------------------------------------------------------------------------

export async function showDetail(name) {
  const [dialog, body] = [byId("detail"), byId("detail-body")];
  byId("detail-head").textContent = name;
  body.replaceChildren(h("p", { class: "quiet", role: "status" }, "…"));
  if (!dialog.open) dialog.showModal();
  try {
    body.replaceChildren(...(await detail(name)));
  } catch (refused) {
    body.replaceChildren(h("p", { class: "error", role: "alert" }, refused.message));
  }
}

async function detail(name) {
  const campaign = await ask("GET", campaignPath(name));
  const draft = ["draft", "approved"].includes(campaign.state);
  const sections = [
    h("blockquote", {}, campaign.text),
    facts([
      ["state", campaign.reason ? `${campaign.state}: ${campaign.reason}` : campaign.state],
      ["feed", campaign.feed],
      ["written by", campaign.author || "–"],
      ...(campaign.tested ? [["tested by", `${campaign.tested.by}, ${moment(campaign.tested.at)}`]] : []),
      ...(campaign.approved ? [["approved by", `${campaign.approved.by}, ${moment(campaign.approved.at)}`]] : []),
      ...(campaign.started ? [["started by", `${campaign.started.by}, ${moment(campaign.started.at)}`]] : []),
      ["lawful basis", campaign.lawful_basis || "none is told"],
    ]),
  ];
  if (campaign.counting) sections.push(h("p", { role: "status" }, "Its feed is being counted: look again in a moment."));
  if (campaign.count_error) sections.push(h("p", { class: "error" }, campaign.count_error));
  if (draft && campaign.count) sections.push(...(await preview(name, campaign)));
  if (!draft && campaign.started) sections.push(...(await account(name)));
  return sections;
}

async function preview(name, campaign) {
  const [checks, texts, plan] = await Promise.all(
    ["/preflight", "/preview", "/plan"].map((path) => ask("GET", campaignPath(name, path))));
  const count = campaign.count;
  const invalid = Object.entries(count.invalid).map(([reason, found]) => `${number(found)} ${reason}`);
  const segments = Object.entries(texts.operators).map(([operator, found]) => [
    operator, found.error || `${found.segments}`, number(count.recipients[operator] || 0), number(count.segments[operator] || 0),
  ]);
  return [
    h("section", {}, h("h3", {}, "Before it starts"), h("ul", { class: "checks" }, checks.checks.map((each) =>
      h("li", {}, h("b", {}, each.good ? "✓ " : "✗ "), h("span", { class: "unseen" }, each.good ? "good: " : "missing: "),
        `${each.check}: ${each.detail}`)))),
    h("section", {}, h("h3", {}, "Who gets it"),
      h("p", {}, `${number(count.rows)} rows: ${number(sum(count.recipients))} recipients, ${number(count.duplicate)} twice or more, ` +
        `${number(count.suppressed)} suppressed${invalid.length ? `, ${invalid.join(", ")}` : ""}.`),
      table(["Operator", "segments each", "recipients", "segments in all"], segments)),
    h("section", {}, h("h3", {}, "When, if it were started now"), operatorTable(plan)),
    h("section", {}, h("h3", {}, "As the first ones read it"), count.samples.map((each) =>
      h("p", {}, h("span", { class: "quiet" }, `${each.msisdn}, ${each.operator}: `), each.text))),
  ];
}

const TERMS = [
  "fed", "invalid", "duplicate", "suppressed", "not_sent", "in_flight", "unknown", "rejected", "accepted", "delivered",
  "undelivered", "expired", "awaiting_receipt",
];

async function account(name) {
  const found = await ask("GET", campaignPath(name, "/account"));
  const operators = Object.keys(found.operators);
  const rows = TERMS.filter((term) => found[term] || ["fed", "accepted", "delivered"].includes(term)).map((term) => [
    term.replaceAll("_", " "), ...operators.map((each) => number(found.operators[each][term])), number(found[term]),
  ]);
  const file = (what, words) => h("a", { href: campaignPath(name, what), download: true }, words);
  return [
    h("section", {}, h("h3", {}, "The account"),
      h("p", {}, found.closes ? "It closes: every recipient is in it once." : "It does not close: tell whoever maintains this."),
      table(["Recipients", ...operators, "all"], rows),
      h("p", { class: "quiet" }, `${number(found.segments.submitted)} segments submitted, ${number(found.segments.throttled)} throttled, ` +
        `${number(found.receipts.received)} receipts; ${percent(found.delivered, found.accepted)} of those accepted are delivered.`)),
    h("section", {}, h("h3", {}, "Files"),
      h("div", { class: "row" },
        h("a", { href: campaignPath(name, "/report"), target: "_blank", rel: "noopener" }, "Report with pictures"),
        isSender() ? file("/outcomes?format=csv", "Outcomes (CSV, whole numbers)") : null,
        isSender() ? file("/rejects", "Rejected rows (CSV)") : null)),
  ];
}
