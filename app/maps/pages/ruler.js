// Measure along clicks on the map, in metres; Escape or a second press of the button ends it.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});

  // tell(metres) hears how long the line is, null when there is none. Returns the switch: toggle() gives whether it measures.
  jiexiang.makeRuler = (map, tell) => {
    let points = [];
    let on = false;
    const line = L.polyline([], { pane: "labels", interactive: false, color: "#b3261e", weight: 3, dashArray: "6 4" });

    function add({ latlng }) {
      points.push(latlng);
      draw();
    }
    function draw() {
      line.setLatLngs(points);
      tell(on ? points.slice(1).reduce((sum, point, at) => sum + map.distance(points[at], point), 0) : null);
    }
    function toggle() {
      on = !on;
      points = [];
      map.getContainer().classList.toggle("measuring", on);
      if (on) map.on("click", add).addLayer(line);
      else map.off("click", add).removeLayer(line);
      draw();
      return on;
    }
    return { toggle, measuring: () => on };
  };
})();
