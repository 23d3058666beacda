// The sheet under the map: everything about the chosen grid, in text.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});
  const { make } = jiexiang;

  // words.say(word, values) fills a text; people is {grid code: [{name, role, phone}]}, empty without a signal.
  jiexiang.fillSheet = (body, grid, area, people, words) => {
    const { say } = words;
    const fact = (label, value) => [make("dt", {}, say(label)), make("dd", {}, value)];
    const whoIn = (code) => people[code] || [];
    const person = ({ name, role, phone }) => {
      const line = make("span", { class: "person" }, `${name} ${role}`);
      return phone ? [line, make("a", { class: "call", href: `tel:${phone}` }, `${say("call")} ${phone}`)] : [line];
    };
    const sides = make("dl", { class: "sides" });
    ["east", "south", "west", "north"].forEach((side, at) => sides.append(...fact(side, grid.sides[at] || say("unknown"))));

    const facts = make("dl");
    if (grid.households !== null) facts.append(...fact("households", say("householdsOf", { households: grid.households, basis: area.basis })));
    if (grid.persons !== null) facts.append(...fact("persons", say("personsOf", grid)));
    if (grid.buildings !== null) facts.append(...fact("buildings", say("buildingsOf", grid)));
    facts.append(...fact("area", say("areaOf", { hectares: Math.round(grid.area / 1000) / 10 })));
    facts.append(...fact("code", grid.code));

    const list = (title, items, none) => [
      make("h2", {}, say(title)),
      items.length ? make("ul", {}, items.map((item) => make("li", {}, item))) : make("p", { class: "soft" }, say(none)),
    ];
    const neighbours = area.neighbours
      .concat(area.grids)
      .filter((other) => grid.borders[other.code])
      .map((other) => [
        make("strong", {}, `${other.community} ${other.name}`),
        make("span", { class: "soft" }, say("alongOf", { what: grid.borders[other.code] })),
        ...whoIn(other.code).flatMap(person),
      ]);
    body.replaceChildren(
      ...(whoIn(grid.code).length ? [make("p", { class: "people" }, whoIn(grid.code).flatMap(person))] : []),
      make("h2", {}, say("sides")),
      sides,
      make("h2", {}, say("facts")),
      facts,
      ...list("compounds", grid.compounds.map(([name, households]) => say("compoundOf", { name, households })), "noCompounds"),
      ...list("facilities", grid.facilities.map(([name, kind, metres]) => say("facilityOf", { name, kind, metres })), "noFacilities"),
      ...list("neighbours", neighbours, "noNeighbours"),
      make("p", { class: "soft small" }, say("planOf", area.plan))
    );
  };
})();
