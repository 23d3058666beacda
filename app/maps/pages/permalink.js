// The address of the page tells what it shows: view, what is open, and where the map is.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  // state() gives {view, open, layers, lat, lon, zoom}; restore(state) shows one. Returns remember(), to be called after each change.
  jiexiang.keepPermalink = (state, restore) => {
    let own = "";
    function remember() {
      const now = Object.entries(state()).filter(([, value]) => value !== "" && value !== null);
      own = "#" + new URLSearchParams(now).toString();
      window.history.replaceState(null, "", own);
    }
    function follow() {
      if (window.location.hash.length < 2 || window.location.hash === own) return;
      const wanted = Object.fromEntries(new URLSearchParams(window.location.hash.slice(1)));
      const at = ["lat", "lon", "zoom"].map((name) => Number.parseFloat(wanted[name]));
      restore({ view: wanted.view || "", open: wanted.open || "", layers: wanted.layers || "", at: at.every(Number.isFinite) ? at : null });
    }
    window.addEventListener("hashchange", follow);
    follow();
    return remember;
  };
})();
