// The worker's page starts: the area at once, then who works there; where am I; what looks wrong here.
(() => {
  "use strict";
  const jiexiang = (window.jiexiang = window.jiexiang || {});
  const settings = JSON.parse(document.getElementById("settings").textContent);
  const byId = (id) => document.getElementById(id);
  const numbers = new Intl.NumberFormat(document.documentElement.lang);
  const words = {
    say: (word, values = {}) =>
      settings.words[word].replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? numbers.format(values[name]) : values[name])),
  };
  const { say } = words;
  const SEVEN_DAYS_MS = 7 * 24 * 3600 * 1000;

  document.querySelectorAll("[data-word]").forEach((element) => {
    element.textContent = say(element.getAttribute("data-word"));
  });

  function tell(element, text, kind = "") {
    element.textContent = text;
    element.dataset.kind = kind;
    element.hidden = !text;
  }

  async function start() {
    let answer;
    try {
      answer = await jiexiang.ask(settings.areaAddress);
    } catch (fault) {
      if (!(fault instanceof TypeError)) throw fault;
      return tell(byId("state"), say("nothingKept"), "bad"); // no signal, and nothing kept on this phone
    }
    if (answer.status === 401) return window.location.assign(settings.signInAddress);
    if (!answer.value) return tell(byId("state"), say("cannotShow", { status: answer.status }), "bad");
    const age = answer.savedAt ? Date.now() - Date.parse(answer.savedAt) : 0;
    if (age > SEVEN_DAYS_MS) return tell(byId("state"), say("tooOld"), "bad");
    if (answer.savedAt) tell(byId("state"), say("keptSince", { when: new Date(answer.savedAt).toLocaleString(document.documentElement.lang) }), "old");
    if (!answer.value.grids.length) return tell(byId("state"), say("noGrid"), "bad");
    show(jiexiang.readArea(answer.value));
  }

  function show(area) {
    let people = {};
    let chosen = 0;
    const view = jiexiang.drawArea(byId("map"), area, words);
    const tabs = byId("tabs");
    area.grids.forEach((grid, at) => {
      tabs.append(jiexiang.make("button", { type: "button", role: "tab", "aria-selected": "false", onclick: () => choose(at) }, grid.name));
    });
    tabs.hidden = area.grids.length < 2;

    function choose(at, options) {
      chosen = at;
      const grid = area.grids[at];
      byId("heading").textContent = grid.name;
      byId("community").textContent = grid.community;
      [...tabs.children].forEach((tab, other) => tab.setAttribute("aria-selected", String(other === at)));
      jiexiang.fillSheet(byId("sheet"), grid, area, people, words);
      view.choose(at, options);
    }
    choose(0, { animate: false });
    byId("actions").hidden = false;

    // Names and phones are asked for each time and never kept.
    jiexiang.ask(settings.peopleAddress).then(
      ({ value }) => {
        if (!value) return;
        people = value.people;
        jiexiang.fillSheet(byId("sheet"), area.grids[chosen], area, people, words);
      },
      () => tell(byId("state"), byId("state").textContent || say("noSignal"), "old")
    );

    // Notes and where-am-I share the last position.
    let last = null;
    const notes = new jiexiang.Notes(settings.notesAddress, settings.csrf, ({ waiting, refused }) => {
      const texts = [waiting ? say("notesWaiting", { waiting }) : "", refused ? say("notesRefused", { refused }) : ""];
      tell(byId("queue"), texts.filter(Boolean).join(" "), waiting ? "old" : "");
    });
    byId("locate").addEventListener("click", () =>
      findPosition((position) => {
        last = position;
        view.stand(position);
        answerWhere(jiexiang.locate(position, area.grids, area.neighbours), position);
      })
    );
    const dialog = byId("note");
    byId("wrong").addEventListener("click", () => {
      tell(byId("noteState"), "");
      dialog.showModal();
    });
    byId("cancel").addEventListener("click", () => dialog.close());
    byId("noteForm").addEventListener("submit", (event) => {
      event.preventDefault();
      const send = (position) => {
        last = position;
        notes.add({
          grid_code: area.grids[chosen].code,
          lon: Math.round(position.place[1] * 1e6) / 1e6,
          lat: Math.round(position.place[0] * 1e6) / 1e6,
          accuracy_m: Math.round(position.accuracy),
          text: byId("noteText").value.trim(),
        });
        byId("noteText").value = "";
        dialog.close();
        tell(byId("answer"), say(navigator.onLine ? "noteSent" : "noteKept"), "good");
      };
      const centre = view.map.getCenter();
      if (byId("noteHere").checked) findPosition(send, (text) => tell(byId("noteState"), text, "bad"));
      else send({ place: [centre.lat, centre.lng], accuracy: 0 });
    });
    jiexiang.shown = { area, view, last: () => last };
  }

  function findPosition(use, fail = (text) => tell(byId("answer"), text, "bad")) {
    if (!window.isSecureContext || !navigator.geolocation) return fail(say("noLocation"));
    tell(byId("answer"), say("looking"), "");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const place = [coords.latitude, coords.longitude];
        use({ place: settings.datum === "gcj02" ? jiexiang.fromGcj02(place) : place, accuracy: coords.accuracy });
      },
      ({ code }) => fail(say(["", "denied", "unavailable", "timedOut"][code])),
      { enableHighAccuracy: true, timeout: 20000, maximumAge: 5000 }
    );
  }

  function answerWhere({ grid, own, near, metres, sure, poor }, { accuracy }) {
    const values = { grid: grid ? grid.name : "", community: grid ? grid.community : "", near: near ? near.name : "", metres: Math.round(metres), accuracy: Math.round(accuracy) };
    const fact = say(own ? "inOwn" : grid ? "inNeighbour" : "inNone", values);
    const doubt = say(poor ? "poor" : sure ? "accuracyOf" : "unsure", values);
    tell(byId("answer"), `${fact} ${doubt}`, poor || !sure ? "old" : own ? "good" : "bad");
  }

  if ("serviceWorker" in navigator && window.isSecureContext) navigator.serviceWorker.register(settings.workerAddress, { scope: settings.scope });
  start();
})();
