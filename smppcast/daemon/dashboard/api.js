// The daemon's HTTP API, asked with the session's cookie and, for changes, with its proof.

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `status ${status}`);
    this.status = status;
  }
}

let proof = "";
let onNobody = () => {};

export const whenNobody = (listener) => (onNobody = listener);

export async function ask(method, path, body, { raw = false } = {}) {
  const headers = {};
  if (method !== "GET") headers["x-csrf-token"] = proof;
  if (body !== undefined && !raw) headers["content-type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : raw ? body : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch {
    throw new Refused(0, { detail: "the daemon does not answer" });
  }
  const told = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) {
    if (answer.status === 401 && path !== "/session") onNobody();
    throw new Refused(answer.status, told || {});
  }
  return told;
}

/** Who is logged in; null for nobody. */
export async function session() {
  const told = await ask("GET", "/session");
  return told && keep(told);
}

export const logIn = async (token) => keep(await ask("POST", "/session", { token }));
export const logOut = () => ask("DELETE", "/session");

function keep(told) {
  proof = told.csrf;
  return told;
}

export const campaignPath = (name, rest = "") => `/campaigns/${encodeURIComponent(name)}${rest}`;
