// What the lines, fills and signs mean, and which layers are on.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});
  const { make } = jiexiang;

  const SVG = "http://www.w3.org/2000/svg";
  const GROUPS = ["main", "street", "lane", "water", "rail", "wall", "open"];
  const kindOf = (group) => (group === "main" ? "primary" : group);

  function sample(shapes) {
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("viewBox", "0 0 44 24");
    picture.setAttribute("class", "sample");
    picture.setAttribute("aria-hidden", "true");
    shapes.forEach(([tag, attributes]) => {
      const shape = document.createElementNS(SVG, tag);
      Object.entries(attributes).forEach(([name, value]) => {
        if (value !== undefined) shape.setAttribute(name, value);
      });
      picture.appendChild(shape);
    });
    return picture;
  }

  function lineSample({ colour, weight, dash, cap, opacity }) {
    const stroke = { stroke: colour, "stroke-width": weight, "stroke-opacity": opacity };
    return sample([["path", { d: "M2 12H42", "stroke-dasharray": dash, "stroke-linecap": cap || "butt", ...stroke }]]);
  }

  jiexiang.drawLegend = (plan) => {
    const { INK, BORDERS, BAND_COLOURS, COMMUNITY } = jiexiang.styles;
    const { words, say } = plan;
    const list = (items) =>
      make("ul", { class: "legend" }, items.map(([picture, text]) => make("li", {}, [picture, make("span", {}, text)])));
    const fills = plan.fills.map((fill, place) => ["rect", { x: 1 + place * 7, y: 4, width: 7, height: 16, fill }]);
    const hatched = [
      ["rect", { x: 2, y: 4, width: 40, height: 16, fill: plan.fills[3] }],
      ["path", { d: "M4 20L18 4M14 20L28 4M24 20L38 4", stroke: INK, "stroke-opacity": 0.6, "stroke-width": 1.5 }],
    ];
    const legend = document.getElementById("legend");
    [
      make("h2", {}, words.legendBorders),
      list(GROUPS.map((group) => [lineSample(BORDERS[kindOf(group)]), words.barrierGroups[group]])),
      make("h2", {}, words.legendGrids),
      list([
        [sample(fills), words.legendFill],
        [sample(hatched), words.legendSpecial],
        [sample([["path", { d: "M14 19H30L22 5Z", fill: BAND_COLOURS.above }]]), say("legendAbove", plan.about)],
        [sample([["path", { d: "M14 5H30L22 19Z", fill: BAND_COLOURS.below }]]), say("legendBelow", plan.about)],
        [lineSample(COMMUNITY), words.legendCommunity],
      ]),
    ].forEach((node) => legend.appendChild(node));
  };

  // A box for each layer that can be hidden; the box of a layer that was left out says so.
  jiexiang.drawLayerBoxes = (plan, view) => {
    const boxes = document.getElementById("layers");
    [
      ["labels", "layerLabels", true],
      ["communities", "layerCommunities", true],
      ["streets", "layerStreets", true],
      ["units", "layerUnits", false],
    ].forEach(([name, word, on]) => {
      const missing = plan[name] === null;
      const box = make("input", { type: "checkbox", id: "show-" + name, onchange: () => view.show(name, box.checked) });
      box.checked = on;
      box.disabled = missing;
      const text = plan.words[missing ? "unitsLeftOut" : word];
      boxes.append(make("label", { class: "toggle" }, [box, make("span", {}, text)]));
    });
  };
})();
