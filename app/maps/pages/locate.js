// Grids by address, as the service that handed out the page knows them.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  // Resolve to {grid, matched, certain} for each candidate whose grid is on this map, the best first; reject without an answer.
  jiexiang.locate = async (plan, address) => {
    const answer = await fetch(`${plan.locate}?${new URLSearchParams({ address })}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const { candidates, certain } = await answer.json();
    return candidates
      .map(({ grid, matched }, place) => ({
        matched,
        certain: certain && place === 0,
        grid: grid && plan.grids.find(({ code }) => code === grid.grid_code),
      }))
      .filter(({ grid }) => grid);
  };
})();
