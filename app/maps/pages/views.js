// What the fills and signs of grids say: neighbours told apart, or one of the views that came with the plan.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});
  const { make } = jiexiang;

  const INK = "#1d2330";
  const BAND_COLOURS = { above: "#8f1a14", below: "#08427f", in: INK, none: INK };

  // Make the views of a plan ready; each has fillOf, signOf and signColourOf for a grid, and textOf for a grid or a community.
  jiexiang.readViews = (plan) => {
    plan.noData = "#d9d9d4";
    const apart = {
      id: "grids",
      title: plan.words.viewGrids,
      classes: [],
      fillOf: (grid) => plan.fills[grid.colour],
      signOf: (grid) => plan.sign[plan.bandOf(grid)],
      signColourOf: (grid) => BAND_COLOURS[plan.bandOf(grid)],
      textOf: () => "",
    };
    const given = (plan.views || []).map((view) => {
      const keyOf = (grid) => (view.level === "grid" ? grid.code : (plan.communities[grid.community] || { code: "" }).code);
      const classOf = (grid) => view.classes[view.classOf[keyOf(grid)]];
      return {
        ...view,
        fillOf: (grid) => (classOf(grid) ? classOf(grid).colour : plan.noData),
        signOf: (grid) => (classOf(grid) ? classOf(grid).sign : ""),
        signColourOf: () => INK,
        textOf: (code) => view.texts[code] || "",
      };
    });
    plan.allViews = [apart, ...given];
    plan.chosenView = apart;
  };

  // The choice between views, where there is one; choose(view) is called for each change.
  jiexiang.drawViewChoice = (plan, choose) => {
    const box = document.getElementById("views");
    box.hidden = plan.allViews.length < 2;
    plan.allViews.forEach((view) => {
      const radio = make("input", { type: "radio", name: "view", id: "view-" + view.id, onchange: () => choose(view) });
      radio.checked = view === plan.chosenView;
      box.append(make("label", { class: "toggle" }, [radio, make("span", {}, view.title)]));
    });
  };
})();
