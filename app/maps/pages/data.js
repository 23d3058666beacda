// The plan as the page's data hold it, made ready: outlines joined of their arcs, grids joined to their neighbours.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  // Resolve to the plan in a page's data, which are {words, packed, units, …}.
  jiexiang.readPlan = async (page) => {
    const { values, columns } = await jiexiang.unpack(page.packed);
    const plan = { ...page, ...values, number };
    plan.communities = jiexiang.readRows(values.communities);
    plan.grids = jiexiang.readRows(values.grids);

    // A text of the page with its gaps filled.
    plan.say = (word, gaps) =>
      plan.words[word].replace(/\{(\w+)\}/g, (_, name) => (typeof gaps[name] === "number" ? number(gaps[name]) : gaps[name]));

    // Where a grid's households lie: in the band, above or below it, or none where it has no band.
    plan.bandOf = (grid) => {
      if (grid.kind !== "general") return "none";
      if (grid.households > plan.about.max_households) return "above";
      if (grid.households < plan.about.min_households) return "below";
      return "in";
    };
    plan.sign = { above: "▲", below: "▼", in: "", none: "" };
    plan.communityName = (grid) => {
      const community = plan.communities[grid.community];
      return community ? community.name || community.code : "";
    };

    readShapes(plan, columns);
    readLabels(plan, columns);
    joinNeighbours(plan, columns);
    return plan;
  };

  // Thousands are set apart, as Chinese and English do it; the browser's own way would take longer to load than a plan.
  function number(value) {
    const [whole, part] = String(Math.round(value * 1000) / 1000).split(".");
    return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? "." + part : "");
  }

  function readShapes(plan, columns) {
    const arcs = jiexiang.readLines(columns, "arc", plan.stepsPerDegree);
    const outlines = jiexiang.joinArcs(arcs, columns.arcUse, columns.arcUses).values();
    const streets = jiexiang.readLines(columns, "street", plan.lineStepsPerDegree).values();
    const take = (lines, count) => Array.from({ length: count }, () => lines.next().value);
    plan.grids.forEach((grid, place) => (grid.outline = take(outlines, columns.gridRings[place])));
    plan.communities.forEach((community, place) => (community.outline = take(outlines, columns.communityRings[place])));
    plan.borders = plan.barriers.map((barrier, place) => ({ barrier, lines: take(outlines, columns.barrierLines[place]) }));
    plan.streets = plan.streetClasses.map((kind, place) => ({ kind, lines: take(streets, columns.classLines[place]) }));

    // Units are unpacked when they are asked for: their borders with each other, and those that are borders of grids too.
    plan.readUnits = async () => {
      const units = await jiexiang.unpack(plan.units);
      return [...arcs, ...jiexiang.readLines(units.columns, "unit", plan.lineStepsPerDegree)];
    };
  }

  function readLabels(plan, columns) {
    [["grid", plan.grids], ["community", plan.communities]].forEach(([name, areas]) => {
      const points = jiexiang.readPoints(columns, name + "Label", plan.stepsPerDegree);
      areas.forEach((area, place) => (area.label = [...points[place], columns[name + "LabelRoom"][place] / 10]));
    });
    plan.streetNames = jiexiang.readPoints(columns, "name", plan.lineStepsPerDegree).map(([lon, lat], place) => ({
      name: plan.streetNames[columns.nameText[place]],
      lon,
      lat,
      angle: columns.nameAngle[place],
      reach: columns.nameReach[place],
      kind: plan.nameClasses[columns.nameClass[place]],
    }));
  }

  function joinNeighbours({ grids, communities, neighbourBarriers, neighbourNames }, columns) {
    communities.forEach((community) => (community.members = []));
    grids.forEach((grid) => {
      grid.neighbours = new Map();
      if (grid.community >= 0) communities[grid.community].members.push(grid);
    });
    columns.neighbourLeft.forEach((left, place) => {
      const right = columns.neighbourRight[place];
      const shared = {
        barrier: neighbourBarriers[columns.neighbourBarrier[place]],
        name: neighbourNames[columns.neighbourName[place]],
        metres: columns.neighbourMetres[place],
      };
      [[left, right], [right, left]].forEach(([one, other]) => {
        const { neighbours } = grids[one];
        if (!neighbours.has(other)) neighbours.set(other, []);
        neighbours.get(other).push(shared);
      });
    });
  }
})();
