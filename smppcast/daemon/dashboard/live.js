// What happens now: server-sent events, dropped while nobody looks at the page.

// A browser opens few connections to one host: pages that are not seen must not hold theirs.
const HIDDEN_MS = 10_000;
const LOST_MS = 4_000;
const AGAIN_MS = 2_000;

/** Calls `on[section]` with each section as it changes, and `state` with live, connecting or lost. */
export function watch(on, state, nobody) {
  let source = null;
  let heard = Date.now();
  let hiding = 0;
  let again = 0;

  function open() {
    close();
    heard = Date.now();
    source = new EventSource("/live");
    for (const [name, listener] of Object.entries(on)) {
      source.addEventListener(name, (event) => {
        heard = Date.now();
        listener(JSON.parse(event.data));
      });
    }
    source.addEventListener("clock", () => state("live"));
    source.addEventListener("error", () => {
      state("lost");
      // The browser tries again by itself, unless it was refused: then it is asked who we are.
      if (source && source.readyState === EventSource.CLOSED) {
        close();
        again = setTimeout(async () => ((await nobody()) ? null : open()), AGAIN_MS);
      }
    });
  }

  function close() {
    clearTimeout(again);
    if (source) source.close();
    source = null;
  }

  function seen() {
    clearTimeout(hiding);
    if (document.visibilityState === "hidden") hiding = setTimeout(close, HIDDEN_MS);
    else if (!source) open();
  }

  const looking = setInterval(() => {
    if (source && Date.now() - heard > LOST_MS) state("lost");
  }, 1_000);
  document.addEventListener("visibilitychange", seen);
  open();
  return () => {
    close();
    clearInterval(looking);
    clearTimeout(hiding);
    document.removeEventListener("visibilitychange", seen);
  };
}
