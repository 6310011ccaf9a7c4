// A new campaign: its form, the segments of its text while it is written, its feed uploaded on the way.
import { ask } from "/assets/api.js";
import { showDetail } from "/assets/campaigns.js";
import { tell } from "/assets/dialogs.js";
import { byId, h } from "/assets/dom.js";

const PAUSE_MS = 300;

export function prepare() {
  const [dialog, form, error] = [byId("create"), byId("create-form"), byId("create-error")];
  let typing = 0;
  byId("create-no").onclick = () => dialog.close();
  byId("c-text").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(count, PAUSE_MS);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    error.textContent = "";
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    try {
      const made = await make(form);
      dialog.close();
      tell(`${made.name}: the draft is made`);
      form.reset();
      byId("c-segments").textContent = "";
      await showDetail(made.name);
    } catch (refused) {
      error.textContent = refused.message;
    } finally {
      button.disabled = false;
    }
  });
}

export async function open() {
  byId("create-error").textContent = "";
  byId("create").showModal();
  byId("c-name").focus();
  try {
    const [feeds, lists] = await Promise.all([ask("GET", "/feeds"), ask("GET", "/suppression")]);
    byId("c-feeds").replaceChildren(...feeds.uploads.map((each) => h("option", { value: `upload:${each.name}` })));
    const box = byId("c-lists");
    box.hidden = !lists.lists.length;
    box.replaceChildren(h("legend", {}, "Suppression lists"), ...lists.lists.map((each) =>
      h("label", {}, h("input", { type: "checkbox", value: each.name }), ` ${each.name} (${each.numbers})`)));
  } catch (refused) {
    byId("create-error").textContent = refused.message;
  }
}

async function count() {
  const text = byId("c-text").value;
  const shown = byId("c-segments");
  if (!text) {
    shown.textContent = "";
    return;
  }
  try {
    const { operators } = await ask("POST", "/preview", { text });
    const words = Object.entries(operators).map(([name, found]) =>
      `${name}: ${found.error || `${found.segments} segment${found.segments === 1 ? "" : "s"}`}`);
    shown.textContent = `${[...text].length} characters; ${words.join(", ")}`;
  } catch (refused) {
    shown.textContent = refused.message;
  }
}

async function make(form) {
  const name = byId("c-name").value.trim();
  const body = { name, text: byId("c-text").value, feed: byId("c-feed").value.trim() };
  for (const each of ["source", "validity_period", "lawful_basis"]) {
    const value = form.elements[each].value.trim();
    if (value) body[each] = value;
  }
  const tests = words(byId("c-test").value);
  if (tests.length) body.test_numbers = tests;
  const lists = [...byId("c-lists").querySelectorAll("input:checked")].map((each) => each.value);
  if (lists.length) body.suppress = lists;
  const plan = planOf();
  if (Object.keys(plan).length) body.plan = plan;
  const file = byId("c-file").files[0];
  if (!file && !body.feed) throw new Error("a feed is needed: its name, or a file");
  if (file) {
    const kept = file.name.replace(/[^A-Za-z0-9 .+_-]/g, "_").replace(/^[^A-Za-z0-9]+/, "") || "feed";
    body.feed = (await ask("PUT", `/feeds/${encodeURIComponent(kept)}`, file, { raw: true })).feed;
  }
  return ask("POST", "/campaigns", body);
}

const words = (text) => text.split(/[\s,;]+/).filter(Boolean);
const withZone = (local) => new Date(local).toISOString();

function planOf() {
  const value = (id) => byId(id).value.trim();
  const plan = {};
  if (value("c-before")) plan.not_before = withZone(value("c-before"));
  if (value("c-after")) plan.not_after = withZone(value("c-after"));
  if (value("c-from") || value("c-to")) {
    if (!value("c-from") || !value("c-to")) throw new Error("the hours of a day need both ends");
    plan.hours = { from: value("c-from"), to: value("c-to"), zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  }
  if (value("c-rate")) plan.rate = Number(value("c-rate"));
  if (value("c-waves")) {
    plan.waves = { sizes: words(value("c-waves")).map(Number) };
    if (value("c-gap")) plan.waves.gap = value("c-gap");
    if (value("c-delivered")) plan.waves.delivered = Number(value("c-delivered")) / 100;
  } else if (value("c-gap") || value("c-delivered")) {
    throw new Error("a pause between waves needs the waves' recipients");
  }
  return plan;
}
