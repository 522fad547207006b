import type { VNode } from "preact";
import { setToken, signIn } from "./api.ts";
import { html } from "./view.ts";

/** Asks for the token that the API wants. */
export function SignIn(): VNode {
  return html`<main class="sign-in">
    <form class="card" onSubmit=${submit}>
      <h1><img src="dashboard/icon.svg" alt="" width="22" height="22" />fairlead</h1>
      <label class="field">
        <span>Token of the admin API</span>
        <input type="password" name="token" required autocomplete="off" ref=${focus} />
      </label>
      ${signIn.value === "refused" ? html`<p class="problem" role="alert">The API refuses this token.</p>` : null}
      <p class="note">It is kept until this tab is closed.</p>
      <div class="buttons"><button type="submit" class="primary">Sign in</button></div>
    </form>
  </main>`;
}

const focus = (input: HTMLInputElement | null): void => input?.focus();

function submit(event: SubmitEvent): void {
  event.preventDefault();
  if (!(event.currentTarget instanceof HTMLFormElement)) return;
  const token = new FormData(event.currentTarget).get("token");
  if (typeof token === "string") setToken(token.trim());
}
