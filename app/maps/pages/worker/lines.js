// Lines as the pages' data hold them: flat lists of whole numbers, the first vertex, then the step to each next one.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  jiexiang.decoder = (stepsPerDegree) => (flat) => {
    const points = [];
    let x = 0;
    let y = 0;
    for (let at = 0; at < flat.length; at += 2) {
      x += flat[at];
      y += flat[at + 1];
      points.push([y / stepsPerDegree, x / stepsPerDegree]);
    }
    return points;
  };
})();
