// The page: who is logged in, and every section as the daemon tells it.
import { ask, logIn, logOut, session, whenNobody } from "/assets/api.js";
import { setMe, showCampaigns } from "/assets/campaigns.js";
import { charts } from "/assets/charts.js";
import { open as openCreate, prepare } from "/assets/create.js";
import { confirm, tell } from "/assets/dialogs.js";
import { byId, facts, h, keyed, moment, number, rate, say, table, took } from "/assets/dom.js";
import { watch } from "/assets/live.js";
import { setRoles, showOperators } from "/assets/operators.js";

let endings = [];
let roles = [];

// --- who -----------------------------------------------------------------------------------------

async function begin() {
  let me = null;
  try {
    me = await session();
  } catch (refused) {
    pulse("lost");
    setTimeout(begin, 2_000);
    return;
  }
  me ? showBoard(me) : showLogin();
}

function showLogin() {
  endings.forEach((end) => end());
  endings = [];
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  for (const id of ["board", "stop", "release", "leave"]) byId(id).hidden = true;
  byId("login").hidden = false;
  say(byId("who"), "");
  pulse("idle");
  byId("token").focus();
}

function showBoard(me) {
  roles = me.roles;
  setMe(me);
  setRoles(me.roles);
  byId("login").hidden = true;
  byId("board").hidden = byId("leave").hidden = false;
  byId("new").hidden = byId("lookup").hidden = !roles.includes("sender");
  say(byId("who"), `${me.name}, ${me.role}`);
  endings = [watch(SECTIONS, pulse, gone), charts(byId("charts"))];
}

/** Whether nobody is logged in any more; then the page asks. */
async function gone() {
  try {
    if (await session()) return false;
  } catch {
    return false;
  }
  showLogin();
  return true;
}

const PULSE = { live: "live", lost: "connection lost: trying again", connecting: "connecting", idle: "not logged in" };

function pulse(state) {
  say(byId("pulse"), PULSE[state]);
  byId("pulse").dataset.state = state;
}

// --- sections ----------------------------------------------------------------------------------------

let underWay = [];
let lanes = [];
let messages = { fed: 0, delivered: 0 };

const SECTIONS = {
  health(health) {
    keyed(byId("troubles"), health.troubles, (each) => each, (each) => h("p", { class: "trouble" }, each), () => {});
    const byPerson = health.halted.includes("person");
    byId("stop").hidden = !roles.includes("sender") || byPerson;
    byId("release").hidden = !roles.includes("admin") || !byPerson;
  },
  operators(operators) {
    lanes = operators;
    showOperators(byId("operators"), operators);
    tiles();
  },
  campaigns(campaigns) {
    underWay = campaigns;
    byId("none").hidden = campaigns.length > 0;
    showCampaigns(byId("under-way"), campaigns);
    tiles();
  },
  ended(campaigns) {
    byId("ended-box").hidden = !campaigns.length;
    showCampaigns(byId("ended"), campaigns);
  },
  messages(told) {
    messages = told;
    tiles();
  },
  webhooks(hooks) {
    byId("hooks").hidden = !hooks.length;
    keyed(byId("hook-list"), hooks, (each) => each.name, makeHook, updateHook);
  },
  clock({ at }) {
    say(byId("clock"), moment(at));
    byId("clock").dataset.at = at;
  },
};

function tiles() {
  const sum = (name) => lanes.reduce((all, each) => all + each[name], 0);
  const running = underWay.filter((each) => each.state === "running").length;
  const shown = [
    ["segments a second", rate(sum("rate_now"))],
    ["in flight", number(sum("in_flight"))],
    ["binds up", `${sum("bound")} of ${sum("binds")}`],
    ["campaigns running", number(running)],
    ["single messages this hour", number(messages.fed)],
    ["of these delivered", number(messages.delivered)],
  ];
  keyed(byId("tiles"), shown, ([term]) => term, ([term]) => h("div", {}, h("dt", {}, term), h("dd")),
    (tile, [, what]) => say(tile.lastChild, what));
}

function makeHook(hook) {
  const id = `hook-${hook.name}`;
  return h("article", { class: "card", "aria-labelledby": id },
    h("div", { class: "head" }, h("h3", { id }, hook.name), h("span", { class: "badge" })), h("div"));
}

function updateHook(card, hook) {
  const badge = card.querySelector(".badge");
  const state = hook.failures ? "failing" : "up";
  say(badge, state);
  badge.dataset.state = state;
  card.lastChild.replaceChildren(facts([
    ["waiting", hook.pending === null ? "over 10,000" : number(hook.pending)],
    ["oldest", hook.age_s ? took(hook.age_s) : "–"],
    ["delivered", number(hook.delivered)],
    ["dropped", number(hook.dropped)],
    ...(hook.last_error ? [["last error", hook.last_error]] : []),
    ...(hook.failures && hook.next_try ? [["next try", moment(hook.next_try)]] : []),
  ]));
}

// --- what people do -----------------------------------------------------------------------------------

byId("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("login-error").textContent = "";
  try {
    const me = await logIn(byId("token").value);
    byId("token").value = "";
    showBoard(me);
  } catch (refused) {
    byId("login-error").textContent = refused.message;
    byId("token").focus();
  }
});

byId("leave").addEventListener("click", async () => {
  await logOut().catch(() => {});
  showLogin();
});

byId("stop").addEventListener("click", () => confirm({
  head: "Stop everything?",
  text: "No operator is sent anything from now on, by any campaign or message, until an admin lets it go on. What is in flight is answered, and receipts are taken in.",
  yes: "Stop everything",
  danger: true,
  work: async () => {
    await ask("POST", "/stop");
    return "everything is stopped";
  },
}));

byId("release").addEventListener("click", () => confirm({
  head: "Go on?",
  text: "All operators are sent messages again, as campaigns and people have them.",
  yes: "Go on",
  work: async () => {
    await ask("POST", "/release");
    return "it goes on";
  },
}));

byId("lookup-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const found = byId("found");
  try {
    const told = await ask("POST", "/numbers", { msisdn: byId("msisdn").value });
    const rows = told.messages.map((each) => [
      each.campaign, each.operator, each.outcome, moment(each.accepted_at), moment(each.done_at), each.error || "–",
    ]);
    found.replaceChildren(rows.length
      ? table([`To ${told.msisdn} by`, "operator", "outcome", "accepted", "done", "error"], rows)
      : h("p", {}, `${told.msisdn} was sent nothing.`));
  } catch (refused) {
    found.replaceChildren(h("p", { class: "error" }, refused.message));
  }
});

byId("new").addEventListener("click", openCreate);
byId("detail-close").addEventListener("click", () => byId("detail").close());
prepare();
whenNobody(() => {
  if (byId("login").hidden) {
    showLogin();
    tell("you are not logged in any more");
  }
});
begin();
