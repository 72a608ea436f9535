// The switch between the system's colours, dark and light.

import { byId, text } from "./dom.js";

const STORED = "cc-proxy-theme";
const NEXT = { system: "dark", dark: "light", light: "system" };
const SHOWN = { system: "Colours: system", dark: "Colours: dark", light: "Colours: light" };

/** Make the button work, and begin with the person's last choice. */
export function start() {
  let theme = "system";
  try {
    theme = localStorage.getItem(STORED) ?? "system";
  } catch {
    // A browser that keeps nothing.
  }
  apply(theme in NEXT ? theme : "system");
  byId("theme").addEventListener("click", () => {
    const next = NEXT[document.documentElement.dataset.theme ?? "system"];
    apply(next);
    try {
      localStorage.setItem(STORED, next);
    } catch {
      // As above.
    }
  });
}

function apply(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  text(byId("theme"), SHOWN[theme]);
}
