// Dialogs: a question before anything is done, and what was said afterwards.
import { byId, h } from "/assets/dom.js";

let fading = 0;

/** Tells something, for some seconds, to readers and to screen readers. */
export function tell(text) {
  const said = byId("said");
  said.textContent = text;
  clearTimeout(fading);
  fading = setTimeout(() => (said.textContent = ""), 6_000);
}

/** Asks; does it on a yes, and shows what went wrong beside the question. */
export function confirm({ head, text, yes, danger = false, work }) {
  const [dialog, button, error] = [byId("ask"), byId("ask-yes"), byId("ask-error")];
  byId("ask-head").textContent = head;
  byId("ask-text").replaceChildren(...[text].flat().map((each) => (each instanceof Node ? each : h("p", {}, each))));
  error.textContent = "";
  button.textContent = yes;
  button.className = danger ? "danger" : "first";
  button.disabled = false;
  button.onclick = async () => {
    button.disabled = true;
    error.textContent = "";
    try {
      const done = await work();
      dialog.close();
      if (done) tell(done);
    } catch (refused) {
      error.textContent = refused.message;
    } finally {
      button.disabled = false;
    }
  };
  byId("ask-no").onclick = () => dialog.close();
  dialog.showModal();
  // What changes nothing has the focus: a key too many does no harm.
  byId("ask-no").focus();
}
