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

  // A link holds its token after #, where no server and no log sees it; it is exchanged for a cookie and cleared away.
  async function openLink() {
    const token = window.location.hash.slice(1);
    if (!token.startsWith("jxl_")) return true;
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
    await jiexiang.forgetArea(settings.areaAddress);
    const answer = await fetch(settings.linkAddress, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    if (answer.ok) return true;
    tell(byId("state"), say(answer.status === 401 ? "linkEnded" : "cannotShow", { status: answer.status }), "bad");
    return false;
  }

  async function start() {
    let answer;
    try {
      if (!(await openLink())) return;
      answer = await jiexiang.ask(settings.areaAddress);
    } catch (fault) {
      if (!(fault instanceof TypeError)) throw fault;
      return tell(byId("state"), say("nothingKept"), "bad"); // no signal, and nothing kept on this phone
    }
    if (answer.status === 401) return window.location.assign(settings.signInAddress);
    if (!answer.value) return tell(byId("state"), say("cannotShow", { status: answer.status }), "bad");
    const age = answer.savedAt ? Date.now() - Date.parse(answer.savedAt) : 0;
    if (age > SEVEN_DAYS_MS) {
      await jiexiang.forgetArea(settings.areaAddress);
      return tell(byId("state"), say("tooOld"), "bad");
    }
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
    const notes = new jiexiang.Notes(settings.notesAddress, ({ waiting, refused }) => {
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
    if (!canLocate()) {
      byId("noteHere").disabled = true;
      byId("noteCentre").checked = true;
    }
    byId("leave").hidden = false;
    byId("leave").addEventListener("submit", async (event) => {
      event.preventDefault();
      await jiexiang.forgetArea(settings.areaAddress);
      event.target.submit();
    });
    byId("noteForm").addEventListener("submit", (event) => {
      event.preventDefault();
      const send = async (position) => {
        last = position;
        const { metres, inside } = jiexiang.measure(position.place, area.grids[chosen].outline);
        if (!inside && metres > settings.farthestNote)
          return tell(byId("noteState"), say("noteFar", { grid: area.grids[chosen].name, metres: Math.round(metres) }), "bad");
        const text = byId("noteText").value.trim();
        if (!text) return tell(byId("noteState"), say("noteEmpty"), "bad");
        byId("noteText").value = "";
        dialog.close();
        tell(byId("answer"), say("noteSending"));
        const sent = await notes.add({
          grid_code: area.grids[chosen].code,
          lon: Math.round(position.place[1] * 1e6) / 1e6,
          lat: Math.round(position.place[0] * 1e6) / 1e6,
          accuracy_m: position.accuracy === null ? null : Math.round(position.accuracy),
          text,
        });
        tell(byId("answer"), sent ? say("noteSent") : say("noteKept"), sent ? "good" : "old");
      };
      const centre = view.map.getCenter();
      if (byId("noteHere").checked) findPosition(send, (text) => tell(byId("noteState"), text, "bad"));
      else send({ place: [centre.lat, centre.lng], accuracy: null });
    });
    jiexiang.shown = { area, view, last: () => last };
  }

  function canLocate() {
    return window.isSecureContext && Boolean(navigator.geolocation);
  }

  function findPosition(use, fail = (text) => tell(byId("answer"), text, "bad")) {
    if (!canLocate()) return fail(say("noLocation"));
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
