// The plan as the page's one block of data holds it, made ready: outlines decoded, grids joined to their neighbours.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  jiexiang.readPlan = (blockId) => {
    const plan = JSON.parse(document.getElementById(blockId).textContent);
    const numbers = new Intl.NumberFormat(document.documentElement.lang);

    plan.number = (value) => numbers.format(value);

    // A text of the page with its gaps filled.
    plan.say = (word, values) =>
      plan.words[word].replace(/\{(\w+)\}/g, (_, name) =>
        typeof values[name] === "number" ? plan.number(values[name]) : values[name]
      );

    plan.decode = jiexiang.decoder(plan.stepsPerDegree);
    plan.decodeParts = (parts) => parts.map((rings) => rings.map(plan.decode));

    // Where a grid's households lie: in the band, above or below it, or none where it has no band.
    plan.bandOf = (grid) => {
      if (grid.kind !== "general") return "none";
      if (grid.households > plan.about.max_households) return "above";
      if (grid.households < plan.about.min_households) return "below";
      return "in";
    };
    plan.sign = { above: "▲", below: "▼", in: "", none: "" };

    plan.communities.forEach((community) => {
      community.members = [];
      community.outline = plan.decodeParts(community.parts);
    });
    plan.grids.forEach((grid) => {
      grid.outline = plan.decodeParts(grid.parts);
      grid.neighbours = new Map();
      if (grid.community >= 0) plan.communities[grid.community].members.push(grid);
    });
    plan.neighbours.forEach(([left, right, barrier, name, metres]) => {
      [[left, right], [right, left]].forEach(([one, other]) => {
        const shared = plan.grids[one].neighbours;
        if (!shared.has(other)) shared.set(other, []);
        shared.get(other).push({ barrier, name, metres });
      });
    });
    plan.communityName = (grid) => {
      const community = plan.communities[grid.community];
      return community ? community.name || community.code : "";
    };
    return plan;
  };
})();
