// Where the page starts: one map, one plan.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  jiexiang.drawPlan = async (map) => {
    const page = JSON.parse(document.getElementById("plan-data").textContent);
    const { words } = page;
    document.querySelectorAll("[data-word]").forEach((element) => {
      element.textContent = words[element.getAttribute("data-word")];
    });
    const home = document.getElementById("home");
    home.hidden = !page.home;
    if (page.home) home.setAttribute("href", page.home);
    home.textContent = "‹ " + words.home;
    const attribution = document.getElementById("attribution");
    attribution.textContent = [page.attribution, page.tiles && page.tiles.credit].filter(Boolean).join("　");
    attribution.hidden = !attribution.textContent;
    document.getElementById("key").open = window.matchMedia("(min-width: 1200px)").matches;

    map.getContainer().setAttribute("role", "application");
    map.getContainer().setAttribute("aria-label", words.map);
    const plan = await jiexiang.readPlan(page);
    jiexiang.readViews(plan);
    jiexiang.drawLegend(plan);
    let remember = () => {};
    const view = jiexiang.drawMap(map, plan, (grid) => ruler.measuring() || panel.openGrid(grid, false));
    const panel = jiexiang.openPanel(plan, view, () => remember());
    const layers = jiexiang.drawLayerBoxes(plan, view, () => remember());
    if (plan.tiles) view.show("base", true);
    jiexiang.drawViewChoice(plan, chooseView);
    function chooseView(chosen) {
      plan.chosenView = chosen;
      document.getElementById("view-" + chosen.id).checked = true;
      document.querySelector("#key summary").textContent =
        chosen === plan.allViews[0] ? words.key : plan.say("keyOf", { view: chosen.title });
      jiexiang.drawLegend(plan);
      plan.overlays.filter(({ shown }) => !shown).forEach(({ id }) => {
        const on = (chosen.beside || []).includes(id);
        document.getElementById("show-over-" + id).checked = on;
        view.show("over-" + id, on);
      });
      view.repaint();
      panel.reopen();
      remember();
    }
    const length = document.getElementById("length");
    const ruler = jiexiang.makeRuler(map, (metres) => {
      length.hidden = metres === null;
      length.textContent = metres === null ? "" : plan.say("measured", { n: Math.round(metres) });
    });

    const zoom = L.control.zoom({ position: "topleft", zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(map);
    L.DomEvent.disableClickPropagation(zoom.getContainer()); // a press of a button is no click on the map
    const whole = { href: "#", role: "button", title: words.whole, "aria-label": words.whole };
    const showWhole = (event) => {
      event.preventDefault();
      view.showWhole();
    };
    zoom.getContainer().appendChild(jiexiang.make("a", { ...whole, onclick: showWhole }, "⤢"));
    const measure = { href: "#", role: "button", title: words.measure, "aria-label": words.measure, "aria-pressed": "false" };
    const toggleRuler = (event) => {
      event.preventDefault();
      button.setAttribute("aria-pressed", String(ruler.toggle()));
    };
    const button = zoom.getContainer().appendChild(jiexiang.make("a", { ...measure, onclick: toggleRuler }, "⟷"));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && ruler.measuring()) toggleRuler(event);
    });
    L.control.scale({ position: "bottomleft", imperial: false, maxWidth: 140 }).addTo(map);

    remember = jiexiang.keepPermalink(
      () => {
        const { lat, lng } = map.getCenter();
        const at = { lat: lat.toFixed(5), lon: lng.toFixed(5), zoom: map.getZoom() };
        return { view: plan.chosenView === plan.allViews[0] ? "" : plan.chosenView.id, open: panel.opened(), layers: layers.switched(), ...at };
      },
      (wanted) => {
        chooseView(plan.allViews.find(({ id }) => id === wanted.view) || plan.allViews[0]);
        panel.open(wanted.open);
        layers.set(wanted.layers.split(" "));
        remember();
        if (wanted.at) map.setView([wanted.at[0], wanted.at[1]], wanted.at[2], { animate: false });
      }
    );
    map.on("moveend", remember);
    jiexiang.shown = { map, plan, view };
  };
})();
