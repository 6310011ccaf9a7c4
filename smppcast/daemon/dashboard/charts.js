// The last hour in lines, drawn by Plotly, which lies beside the page; without it the numbers are in a table.
import { ask } from "/assets/api.js";
import { h, rate, say, took } from "/assets/dom.js";

const EACH_MS = 10_000;
// Right after a start, lines would be a wall of moments.
const LEAST_MS = 300_000;
const COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#999999"];
const CHARTS = [
  { key: "sent", head: "Segments sent a second", words: (value) => `${rate(value)}/s`, beside: "allowed" },
  { key: "receipts", head: "Receipts a second", words: (value) => `${rate(value)}/s` },
  { key: "throttled", head: "Throttled a second", words: (value) => `${rate(value)}/s` },
  { key: "latency", head: "Answers, median", words: took },
  { key: "receipt_latency", head: "Receipts, median", words: took },
];

/** Draws them into `parent` and goes on; returns what ends that. */
export function charts(parent) {
  const drawn = CHARTS.map((chart) => {
    const parts = { chart, plot: h("div", { class: "plot", role: "img" }), now: h("p", { class: "quiet" }) };
    parts.figure = h("figure", {}, h("figcaption", {}, chart.head), parts.plot, parts.now);
    return parts;
  });
  parent.replaceChildren(...drawn.map((each) => each.figure));
  let points = [];
  let most = 360;
  let timer = 0;
  let over = false;

  async function next() {
    try {
      const after = points.length ? points[points.length - 1].no : 0;
      const told = await ask("GET", `/history?after=${after}`);
      // After a restart numbers begin anew.
      if (told.points.length && told.points[0].no <= after) points = [];
      points = points.concat(told.points).slice(-most);
      if (told.points.length && !document.hidden) await draw(drawn, points);
    } catch {
      // The live stream tells that the daemon is away.
    }
    if (!over) timer = setTimeout(next, EACH_MS);
  }

  next();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}

let library = null;

/** The script is 5 MB: it comes after the page. */
function plotly() {
  library ??= new Promise((resolve) => {
    const script = h("script", { src: "/assets/plotly.min.js", on: { load: () => resolve(window.Plotly), error: () => resolve(null) } });
    document.head.append(script);
  });
  return library;
}

async function draw(drawn, points) {
  const names = [...new Set(points.flatMap((point) => Object.keys(point.operators)))].sort();
  const Plotly = await plotly();
  for (const { chart, plot, now } of drawn) {
    const last = points[points.length - 1].operators;
    const words = names.filter((name) => last[name]).map((name) => `${name} ${chart.words(last[name][chart.key])}`).join(", ");
    say(now, words);
    plot.setAttribute("aria-label", `${chart.head}, the last hour; now: ${words}`);
    plot.hidden = !Plotly;
    if (Plotly) await Plotly.react(plot, traces(chart, names, points), layout(points), { displayModeBar: false, responsive: true });
  }
}

function traces(chart, names, points) {
  const x = points.map((point) => point.at);
  const line = (name, key, dash, width) => ({
    type: "scatter", mode: points.length < 3 ? "lines+markers" : "lines", name: dash ? `${name} ${key}` : name, x,
    y: points.map((point) => point.operators[name]?.[key] ?? null),
    line: { color: COLOURS[names.indexOf(name) % COLOURS.length], dash: dash || "solid", width },
    connectgaps: false, showlegend: !dash,
  });
  const found = names.map((name) => line(name, chart.key, "", 2));
  if (chart.beside) {
    found.push(...names.filter((name) => points.some((point) => point.operators[name]?.[chart.beside] != null))
      .map((name) => line(name, chart.beside, "dot", 1)));
  }
  return found;
}

function layout(points) {
  const last = new Date(points[points.length - 1].at).getTime();
  const first = Math.min(new Date(points[0].at).getTime(), last - LEAST_MS);
  const grid = { gridcolor: "rgba(128,128,128,.25)", zerolinecolor: "rgba(128,128,128,.5)" };
  return {
    margin: { l: 48, r: 8, t: 8, b: 28 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif" },
    xaxis: { ...grid, type: "date", fixedrange: true, nticks: 5, range: [new Date(first), new Date(last)].map((at) => at.toISOString()) },
    yaxis: { ...grid, rangemode: "tozero", fixedrange: true },
    legend: { orientation: "h", y: -0.15 },
    hovermode: "x unified", showlegend: true,
  };
}
