// Follows the system's light or dark setting, and says that scripts run. Loaded before the page is painted.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  root.classList.add("js");
  dark.addEventListener("change", apply);
  apply();
})();
