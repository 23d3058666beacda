// The panel beside the map: all communities, one community, one grid. It holds everything the map shows.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});
  const { make, makeTable } = jiexiang;

  // view has mark(outline), zoomTo(outline, limit) and goTo(lat, lon); moved() hears that something else was opened. Returns
  // openGrid for clicks on the map, open(code) and opened() for permalinks, reopen() after another view was chosen.
  jiexiang.openPanel = (plan, view, moved) => {
    const { words, say, number } = plan;
    const [panel, heading, brief, content, back, fold] = ["panel", "heading", "brief", "content", "back", "fold"].map((id) =>
      document.getElementById(id)
    );
    let goBack = null;

    panel.setAttribute("aria-label", words.list);
    back.textContent = "‹ " + words.back;
    back.addEventListener("click", () => goBack());
    fold.addEventListener("click", () => unfold(!panel.classList.contains("open")));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && goBack) goBack();
    });

    function unfold(open) {
      panel.classList.toggle("open", open);
      fold.setAttribute("aria-expanded", String(open));
      fold.textContent = open ? words.fold : words.unfold;
    }

    unfold(false);

    // The overview is kept, with its order, its search and its place.
    let overviewTop = 0;
    function show(title, line, nodes, previous) {
      const first = !content.firstChild; // where nothing can have been scrolled, asking would cost a layout
      if (!goBack && !first) overviewTop = content.scrollTop;
      heading.textContent = title;
      brief.textContent = line;
      content.textContent = "";
      nodes.forEach((node) => content.appendChild(node));
      if (!first) content.scrollTop = previous ? 0 : overviewTop;
      goBack = previous;
      back.hidden = !previous;
      moved();
    }

    // ---- All communities ----

    const text = (label, value) => ({ label, value });
    const figure = (label, field) => ({
      label,
      number: true,
      value: (row) => row[field],
      show: (row) => number(Math.round(row[field])),
    });
    const yesNo = (flag) => (flag ? words.yes : words.no);

    // A view that says something gives the tables of its level a column of its own.
    const says = (level) => plan.chosenView.classes.length > 0 && plan.chosenView.level === level;
    const viewColumn = () => {
      const { textOf, classOf, title } = plan.chosenView;
      const missing = plan.chosenView.missing || words.noData;
      return { label: title, value: (one) => classOf[one.code] ?? -1, show: (one) => textOf(one.code) || missing };
    };

    function makeAreaTable() {
      return makeTable(
        plan.chosenView.title,
        [{ ...text(words.name, (one) => one.name), under: text(words.code, (one) => one.code) }, viewColumn()],
        plan.chosenView.areas,
        () => "",
        (area) => {
          view.mark(area.outline);
          view.zoomTo(area.outline, 18);
        }
      );
    }

    function makeCommunityTable() {
      return makeTable(
        words.communities,
        [
          { ...text(words.community, (one) => one.name || one.code), under: text(words.code, (one) => one.code) },
          ...(says("community") ? [viewColumn()] : []),
          figure(words.gridCount, "grids"),
          figure(words.households, "households"),
          ...(says("community")
            ? []
            : [
                figure(words.inBand, "in_band"),
                text(words.divisible, (one) => yesNo(one.divisible)),
                figure(words.cost, "cost"),
              ]),
        ],
        plan.communities,
        (one) => (says("community") ? "" : one.message),
        (one) => openCommunity(one)
      );
    }

    // A view may leave classes out of its table: what did not change is no news.
    function listedOf(grids) {
      const { classOf, unlisted = [] } = plan.chosenView;
      return unlisted.length ? grids.filter(({ code }) => !unlisted.includes(classOf[code])) : grids;
    }

    function makeGridTable(all) {
      const grids = listedOf(all);
      const abroad = grids.length > 0 && grids.some((grid) => grid.community !== grids[0].community);
      const nameOf = (grid) => (abroad ? plan.communityName(grid) + " " : "") + (grid.name || grid.code);
      return makeTable(
        words.grids,
        [
          {
            ...text(words.grid, (grid) => (abroad ? grid.code : grid.serial)),
            show: nameOf,
            under: text(words.code, (grid) => grid.code),
          },
          figure(words.households, "households"),
          says("grid") ? viewColumn() : { label: words.band, value: bandText, show: bandTag },
        ],
        grids,
        () => "",
        (grid) => openGrid(grid, true)
      );
    }

    // Compounds, streets and coordinates are found too: they have no row, but a place.
    const MOST_FOUND = 8;
    const places = [...plan.places, ...plan.streetNames.map(({ name, lon, lat }) => [words.street, name, lon, lat])];
    function findPlaces(wanted) {
      const numbersIn = wanted.match(/^(-?\d+(?:\.\d+)?)[\s,，;]+(-?\d+(?:\.\d+)?)$/);
      if (numbersIn) {
        const [one, other] = [Number(numbersIn[1]), Number(numbersIn[2])];
        const [[south, west], [north, east]] = plan.bounds; // whichever order lies in the plan is the one that is meant
        const inPlan = ([lon, lat]) => west <= lon && lon <= east && south <= lat && lat <= north;
        const meant = [[one, other], [other, one]].find(inPlan);
        return meant ? [[words.coordinate, meant.join(", "), ...meant]] : [];
      }
      const seen = new Set();
      const fits = ([kind, name]) =>
        wanted && name.toLowerCase().includes(wanted) && !seen.has(kind + name) && seen.add(kind + name);
      return places.filter(fits).slice(0, MOST_FOUND);
    }

    const nothing = make("p", { class: "nothing", role: "status" });
    const found = make("ul", { class: "found" });
    const tablePlace = make("div", { class: "table" });
    let table = null;
    function fillOverview() {
      table = says("area") ? makeAreaTable() : says("grid") ? makeGridTable(plan.grids) : makeCommunityTable();
      tablePlace.replaceChildren(table);
      search();
    }
    function search() {
      const wanted = find.value.trim().toLowerCase();
      const fits = (one) => `${one.name}\n${one.code}`.toLowerCase().includes(wanted);
      const left = table.keep((one) => fits(one) || (one.members || []).some(fits));
      const there = findPlaces(wanted);
      found.replaceChildren(
        ...there.map(([kind, name, lon, lat]) => {
          const go = { type: "button", class: "pick", onclick: () => view.goTo(lat, lon) };
          return make("li", {}, make("button", go, `${kind} ${name}`));
        })
      );
      if (plan.locate && wanted.length > 1) {
        const ask = { type: "button", class: "pick", onclick: () => locate(find.value.trim()) };
        found.append(make("li", {}, make("button", ask, say("locate", { address: find.value.trim() }))));
      }
      nothing.textContent = left || there.length ? "" : words.nothingFound;
    }
    // Addresses are known to the service alone: it is asked when somebody wants it, never while typing.
    function locate(address) {
      nothing.textContent = words.locating;
      jiexiang.locate(plan, address).then(
        (candidates) => {
          nothing.textContent = say("located", { n: candidates.length });
          found.replaceChildren(
            ...candidates.map(({ grid, matched, certain }) => {
              const go = { type: "button", class: "pick", onclick: () => openGrid(grid, true) };
              const name = `${matched} → ${plan.communityName(grid)} ${grid.name || grid.code}`;
              return make("li", {}, make("button", go, certain ? name : say("uncertain", { name })));
            })
          );
        },
        () => {
          nothing.textContent = words.notLocated;
        }
      );
    }
    const onEnter = (event) => {
      if (event.key === "Enter" && plan.locate && find.value.trim()) locate(find.value.trim());
    };
    const find = make("input", { type: "search", id: "find", autocomplete: "off", oninput: search, onkeydown: onEnter });

    const count = { general: 0, in: 0, above: 0, below: 0, none: 0, households: 0 };
    plan.grids.forEach((grid) => {
      count[plan.bandOf(grid)] += 1;
      count.general += grid.kind === "general" ? 1 : 0;
      count.households += grid.households;
    });
    const overview = [
      make("p", {}, say("briefBand", { ...count, ...plan.about, inBand: count.in })),
      make("p", { class: "tags" }, [
        make("span", { class: "band above" }, `▲ ${words.above} ${number(count.above)}`),
        make("span", { class: "band below" }, `▼ ${words.below} ${number(count.below)}`),
      ]),
      make("label", { for: "find", class: "find" }, [plan.locate ? words.findServed : words.find, find]),
      nothing,
      found,
      tablePlace,
      make("p", { class: "small" }, [
        say("basis", { basis: plan.about.household_basis || words.unknown }),
        make("br"),
        say("software", plan.about),
      ]),
    ];

    function openOverview() {
      const counts = { communities: plan.communities.length, grids: plan.grids.length, households: count.households };
      opened = null;
      show(words.title, say("brief", counts), overview, null);
      view.mark([]);
    }

    // ---- One community ----

    function facts(rows) {
      const list = make("dl");
      rows
        .filter(([, value]) => value !== "")
        .forEach(([name, value]) => {
          list.appendChild(make("dt", {}, name));
          list.appendChild(make("dd", {}, value));
        });
      return list;
    }

    // All views have their say, not only the one that is shown.
    // An area of a view of its own may bear the code of a grid, as old grids do: it is not that grid.
    const viewFacts = (code) =>
      plan.allViews.filter(({ level }) => level !== "area").map(({ title, textOf }) => [title, textOf(code)]);

    function bandText(grid) {
      const { min_households: min, max_households: max } = plan.about;
      return {
        in: "✓ " + words.bandIn,
        above: "▲ " + say("bandAbove", { n: grid.households - max }),
        below: "▼ " + say("bandBelow", { n: min - grid.households }),
        none: words.bandNone,
      }[plan.bandOf(grid)];
    }
    const bandTag = (grid) => make("span", { class: "band " + plan.bandOf(grid) }, bandText(grid));

    function openCommunity(community) {
      opened = community.code;
      show(
        community.name || community.code,
        say("briefCommunity", community),
        [
          facts([
            [words.code, community.code],
            [words.inBandFull, number(community.in_band)],
            [words.divisibleFull, yesNo(community.divisible)],
            [words.costFull, number(community.cost)],
            [words.message, community.message],
            ...viewFacts(community.code),
          ]),
          make("div", { class: "table" }, makeGridTable(community.members)),
        ],
        openOverview
      );
      unfold(true);
      view.mark(community.outline);
      view.zoomTo(community.outline, 18);
      heading.focus({ preventScroll: true });
    }

    // ---- One grid ----

    function neighbourList(grid) {
      const found = Array.from(grid.neighbours, ([place, borders]) => ({
        grid: plan.grids[place],
        metres: borders.reduce((sum, border) => sum + border.metres, 0),
        borders: borders.map(({ barrier, name, metres }) => {
          const what = words.barriers[barrier] || barrier;
          return say("neighbourBorder", { what: name ? say("neighbourNamed", { name, what }) : what, n: metres });
        }),
      }));
      found.sort((one, other) => other.metres - one.metres);
      return make(
        "ul",
        { class: "neighbours" },
        found.map((one) => {
          const abroad = one.grid.community === grid.community ? "" : plan.communityName(one.grid) + " ";
          const open = { type: "button", class: "pick", onclick: () => openGrid(one.grid, true) };
          return make("li", {}, [
            make("button", open, abroad + one.grid.name),
            make("span", { class: "under" }, one.borders.join(words.bordersJoin)),
          ]);
        })
      );
    }

    // From a list the map goes to the grid; from a click on the map it stays where it is.
    function openGrid(grid, go) {
      opened = grid.code;
      const community = plan.communities[grid.community];
      show(
        grid.name || grid.code,
        `${plan.communityName(grid)} · ${say("householdsValue", { n: grid.households })}`,
        [
          make("p", { class: "tags" }, [bandTag(grid), make("span", {}, words[grid.kind] || grid.kind)]),
          facts([
            [words.gridCode, grid.code],
            [words.community, plan.communityName(grid)],
            [words.households, say("householdsValue", { n: grid.households })],
            [words.persons, grid.persons === null ? words.unknown : say("personsValue", { n: grid.persons })],
            [words.area, say("areaValue", { n: Math.round(grid.area) })],
            [words.reasonKind, words.reasonCodes[grid.reason_code] || grid.reason_code],
            [words.reason, grid.reason],
            ...viewFacts(grid.code),
          ]),
          make("h2", {}, words.sides),
          facts(["east", "south", "west", "north"].map((side) => [words[side], grid[`sides_${side}`] || words.unnamed])),
          make("h2", {}, words.neighbours),
          neighbourList(grid),
        ],
        community ? () => openCommunity(community) : openOverview
      );
      unfold(true);
      view.mark(grid.outline);
      if (go) view.zoomTo(grid.outline, 17);
      heading.focus({ preventScroll: true });
    }

    // What is open: null for the overview, else a community or a grid by its code.
    let opened = null;
    function reopen(go = false) {
      fillOverview();
      if (!opened) return;
      const grid = plan.grids.find(({ code }) => code === opened);
      const community = plan.communities.find(({ code }) => code === opened);
      if (grid) openGrid(grid, go);
      else if (community) openCommunity(community);
    }
    function open(code) {
      opened = code;
      reopen(true);
      if (!code) openOverview();
    }

    fillOverview();
    openOverview();
    return { openGrid, open, reopen, opened: () => opened };
  };
})();
