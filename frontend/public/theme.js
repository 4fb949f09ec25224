// Runs before the first paint, so that the page never flashes in the wrong theme.
// A separate file because the page's policy allows no inline script.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem('cnop.theme');
  } catch {
    // Storage is blocked: the system's theme applies.
  }
  var system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  document.documentElement.dataset.theme = chosen === 'light' || chosen === 'dark' ? chosen : system;
})();
