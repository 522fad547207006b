import { effect, signal } from "@preact/signals";

/** `auto` is what the system says. */
export type Theme = "auto" | "light" | "dark";

export const THEMES: readonly Theme[] = ["auto", "light", "dark"];

const THEME_KEY = "fairlead-theme";

const isTheme = (value: string | null): value is Theme => THEMES.some((theme) => theme === value);

const stored = localStorage.getItem(THEME_KEY);

/** What the switch says. */
export const theme = signal<Theme>(isTheme(stored) ? stored : "auto");

const system = matchMedia("(prefers-color-scheme: dark)");

/** Grows whenever colours may have changed: what is drawn rather than styled is drawn anew. */
export const colours = signal(0);

/** Sets the page to what the switch or the system says, now and later. */
export function startTheme(): void {
  const apply = (): void => {
    const dark = theme.value === "dark" || (theme.value === "auto" && system.matches);
    document.documentElement.dataset["theme"] = dark ? "dark" : "light";
    colours.value = colours.peek() + 1;
  };
  effect(() => {
    localStorage.setItem(THEME_KEY, theme.value);
    apply();
  });
  system.addEventListener("change", apply);
}
