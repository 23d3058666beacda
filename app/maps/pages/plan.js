// Where the page starts: one map, one plan.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  jiexiang.drawPlan = (map) => {
    const plan = jiexiang.readPlan("plan-data");
    const { words } = plan;

    document.querySelectorAll("[data-word]").forEach((element) => {
      element.textContent = words[element.getAttribute("data-word")];
    });
    const attribution = document.getElementById("attribution");
    attribution.textContent = plan.attribution;
    attribution.hidden = !plan.attribution;
    document.getElementById("key").open = window.matchMedia("(min-width: 1200px)").matches;

    map.getContainer().setAttribute("role", "application");
    map.getContainer().setAttribute("aria-label", words.map);
    jiexiang.drawLegend(plan);
    const view = jiexiang.drawMap(map, plan, (grid) => panel.openGrid(grid, false));
    const panel = jiexiang.openPanel(plan, view);
    jiexiang.drawLayerBoxes(plan, view);

    const zoom = L.control.zoom({ position: "topleft", zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(map);
    const whole = { href: "#", role: "button", title: words.whole, "aria-label": words.whole };
    const showWhole = (event) => {
      event.preventDefault();
      view.showWhole();
    };
    zoom.getContainer().appendChild(jiexiang.make("a", { ...whole, onclick: showWhole }, "⤢"));
    L.control.scale({ position: "bottomleft", imperial: false, maxWidth: 140 }).addTo(map);
    jiexiang.shown = { map, plan, view };
  };
})();
