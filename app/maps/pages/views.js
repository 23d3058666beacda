// What the fills and signs of grids say: neighbours told apart, or one of the views that came with the plan.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});
  const { make } = jiexiang;

  const INK = "#1d2330";
  const UNFILLED = "#f3f1ec";
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
    const given = plan.views.map((one) => {
      const view = byCode(one, { grid: plan.grids, community: plan.communities, area: one.areas }[one.level]);
      if (view.level === "area") return readAreas(plan, view);
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

  // Classes and texts come in the order of what is coloured; from here on they go by code.
  function byCode(view, coloured) {
    const known = coloured.map(({ code }, place) => [code, place]);
    return {
      ...view,
      classOf: Object.fromEntries(
        known.map(([code, place]) => [code, view.classOf[place]]).filter(([, number]) => number >= 0)
      ),
      texts: Object.fromEntries(known.map(([code, place]) => [code, view.texts[place]])),
    };
  }

  // A view of areas of its own leaves the grids unfilled and has a shape for each area.
  function readAreas(plan, view) {
    const readLine = (flat) => jiexiang.readLine(flat, plan.stepsPerDegree);
    const areas = view.areas.map((area) => ({ ...area, outline: area.rings.map(readLine) }));
    const classOf = (area) => view.classes[view.classOf[area.code]];
    return {
      ...view,
      areas,
      fillOf: () => UNFILLED,
      signOf: () => "",
      signColourOf: () => INK,
      areaFillOf: (area) => (classOf(area) ? classOf(area).colour : plan.noData),
      textOf: (code) => view.texts[code] || "",
    };
  }

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
