/* The chat page. What it says to the server and hears from it is told in bot/web/protocol.py.

   Whatever the person does is put in a queue that a reload survives, and leaves it when the server has taken it.
   Replies have growing numbers: we ask for those after the last we hold, and drop any that come twice. */
(function () {
  "use strict";

  const KEPT = 200; // entries of the transcript; more would only slow an old phone
  const PATIENCE = 10000; // ms without an answer after which a socket is taken for dead
  const SOCKET_OPENS_WITHIN = 4000; // ms
  const POLL_SECONDS = 20;
  const TRY_SOCKET_AGAIN = 300000; // ms of polling, on a network where no socket ever opened
  const SLOWEST_RETRY = 15000; // ms
  const PICTURE_SIDE = 1600; // px; a QR code is read at this size, and a slow network carries it

  const element = (id) => document.getElementById(id);
  const log = element("log");
  const field = element("text");

  // What this tab remembers. sessionStorage, so that closing the tab forgets the conversation.

  const memory = load(sessionStorage, { after: 0, entries: [], queue: [] });
  const taste = load(localStorage, { size: 0, aloud: false });

  function load(storage, otherwise) {
    try {
      return Object.assign(otherwise, JSON.parse(storage.getItem("chat")));
    } catch (error) {
      return otherwise;
    }
  }

  function save(storage, value) {
    try {
      storage.setItem("chat", JSON.stringify(value));
    } catch (error) { /* storage is full or forbidden: the page works, only a reload forgets */ }
  }

  function keep() {
    memory.entries = memory.entries.slice(-KEPT);
    save(sessionStorage, memory);
  }

  function newId() { // crypto.randomUUID is missing on plain http
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
      .replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
  }

  // The transcript

  const nodes = new Map(); // entry -> its article
  let firstNew = null; // the first answer since the person last did something: reading begins there

  function draw(entry) {
    const node = element(entry.mine ? "mine" : "theirs").content.firstElementChild.cloneNode(true);
    const bubble = node.querySelector(".bubble");
    if (entry.mine) {
      bubble.textContent = entry.text;
    } else {
      bubble.innerHTML = entry.html; // escaped by the server, bot/web/markup.py
      if (entry.picture) bubble.append(picture(entry.picture));
      node.classList.toggle("alert", entry.speak.startsWith("⚠"));
      node.tabIndex = -1;
      node.querySelector(".choices").append(...entry.buttons.map((button) => choice(entry, button)));
    }
    nodes.set(entry, node);
    log.append(node);
    return node;
  }

  function picture(url) {
    const image = new Image();
    image.alt = element("picture-alt").content.textContent;
    image.onload = showNewest;
    image.src = url;
    return image;
  }

  function choice(entry, button) {
    const node = document.createElement(button.postback ? "button" : "a");
    node.className = "choice";
    node.textContent = button.label.replace(/^☎\uFE0F?\s*/, ""); // a drawn icon takes its place
    if (button.postback) {
      node.type = "button";
      node.onclick = () => tap(entry, button, node);
      node.append(element("icon-next").content.cloneNode(true));
    } else if (button.phone) {
      node.classList.add("call");
      node.href = "tel:" + button.phone;
      if (!button.label.replace(/\D/g, "").includes(button.phone)) node.textContent += " – " + button.phone;
      node.prepend(element("icon-phone").content.cloneNode(true));
    } else if (/^https?:/.test(button.url)) {
      node.href = button.url;
      node.target = "_blank";
      node.rel = "noopener";
      node.append(element("icon-out").content.cloneNode(true));
    }
    return node;
  }

  function add(entry) {
    memory.entries.push(entry);
    return draw(entry);
  }

  function remove(entry) {
    memory.entries.splice(memory.entries.indexOf(entry), 1);
    nodes.get(entry).remove();
    nodes.delete(entry);
  }

  /** The answers since the last thing the person did have the large buttons. */
  function markNewest() {
    const entries = memory.entries;
    let last = entries.length - 1;
    while (last >= 0 && entries[last].mine) last -= 1;
    let newest = last >= 0;
    for (let at = entries.length - 1; at >= 0; at -= 1) {
      if (at < last && entries[at].mine) newest = false;
      nodes.get(entries[at]).classList.toggle("newest", newest && !entries[at].mine);
    }
  }

  function showNewest() {
    const end = log.scrollHeight - log.clientHeight;
    const start = firstNew && firstNew.isConnected ? firstNew.offsetTop - log.offsetTop - 12 : end;
    log.scrollTop = Math.min(start, end);
  }

  function hear(reply) {
    if (reply.id <= memory.after) return;
    const origin = Number(reply.origin);
    const at = memory.entries.findIndex((entry) => entry.id === origin);
    let hadFocus = false;
    // Far up in the transcript a replaced message would be read by nobody, so only the newest gives way.
    if (reply.replaces && at >= 0 && memory.entries.slice(at + 1).every((entry) => entry.mine)) {
      hadFocus = nodes.get(memory.entries[at]).contains(document.activeElement);
      memory.entries.filter((entry) => entry.id === origin || entry.origin === origin).forEach(remove);
    }
    const node = add({
      id: reply.id, html: reply.html, speak: reply.speak, buttons: reply.buttons, picture: reply.picture,
    });
    log.querySelectorAll(".pressed").forEach((pressed) => pressed.classList.remove("pressed"));
    memory.after = reply.id;
    keep();
    firstNew = firstNew || node;
    markNewest();
    wait(memory.queue.length > 0);
    showNewest();
    if (hadFocus) node.focus({ preventScroll: true });
    if (taste.aloud) speak(reply.speak);
    acknowledgeSoon();
  }

  // What the person does

  function act(message, text, origin) {
    message.id = newId();
    show(message.id, text, origin);
    enqueue(message);
  }

  function show(id, text, origin) {
    if (text) add({ mine: true, uuid: id, text: text, origin: origin });
    keep();
    firstNew = null;
    showNewest();
    hush();
    wait(true);
  }

  function enqueue(message) {
    memory.queue.push(message);
    keep();
    markLate();
    pump();
  }

  function say(text) {
    if (text.trim()) act({ type: "say", text: text.trim() }, text.trim());
  }

  function tap(entry, button, node) {
    if (node.classList.contains("pressed")) return; // trembling fingers tap twice
    node.classList.add("pressed");
    setTimeout(() => node.classList.remove("pressed"), 1500);
    act({ type: "tap", data: button.postback, origin: String(entry.id) }, button.label, entry.id);
  }

  /** The picture goes by itself. When it does not get through, the same id tells only that there was one. */
  async function pickPicture(file) {
    const id = newId();
    show(id, element("picked").content.textContent);
    try {
      const options = { method: "POST", body: await smaller(file), credentials: "same-origin" };
      const response = await fetch("/chat/pictures/" + id, options);
      if (!response.ok) throw new Error("refused");
    } catch (error) {
      enqueue({ type: "file", id: id });
    }
  }

  /** As a small JPEG without what a camera writes beside it, such as the place; as it is where that fails. */
  async function smaller(file) {
    try {
      const bitmap = await createImageBitmap(file);
      const scale = Math.min(1, PICTURE_SIDE / Math.max(bitmap.width, bitmap.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(bitmap.width * scale));
      canvas.height = Math.max(1, Math.round(bitmap.height * scale));
      const context = canvas.getContext("2d");
      context.fillStyle = "#fff";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      return (await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85))) || file;
    } catch (error) {
      return file;
    }
  }

  let waitEnds;
  function wait(isWaiting) {
    clearTimeout(waitEnds);
    element("typing").hidden = !isWaiting || isLost();
    if (isWaiting) waitEnds = setTimeout(() => wait(false), PATIENCE);
    if (isWaiting) showNewest();
  }

  // The line to the server: a socket; requests where sockets do not get through

  let isUp = false;
  let socket = null;
  let isPolling = false;
  let inFlight = null; // id of the message that waits to be taken; one at a time keeps their order
  let deadline, retry, bannerSoon, acknowledging;
  let hasOpened = false; // a socket, ever
  let isBlocked = false; // the last socket did not open
  let tries = 0; // in a row

  function connect() {
    clearTimeout(retry);
    if (socket || isPolling) return;
    if (isBlocked || !window.WebSocket) {
      isBlocked = false;
      poll();
      return;
    }
    const mine = socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/chat/socket");
    let opened = false;
    const lost = () => {
      if (socket !== mine) return;
      socket = null;
      mine.close();
      isBlocked = !opened;
      down();
      if (isBlocked) connect();
    };
    const tooLate = setTimeout(() => opened || lost(), SOCKET_OPENS_WITHIN);
    mine.onopen = () => {
      opened = hasOpened = true;
      up();
      mine.send(JSON.stringify({ type: "hello", after: memory.after }));
      pump();
    };
    mine.onmessage = (event) => socket === mine && receive(JSON.parse(event.data));
    mine.onclose = () => {
      clearTimeout(tooLate);
      lost();
    };
    mine.lost = lost;
  }

  async function poll() {
    const began = Date.now();
    isPolling = true;
    try {
      const enough = hasOpened ? 1 : TRY_SOCKET_AGAIN;
      for (let seconds = 0; seconds === 0 || Date.now() - began < enough; seconds = POLL_SECONDS) {
        const response = await ask("/chat/replies?after=" + memory.after + "&wait=" + seconds);
        if (!response.ok) throw new Error("refused");
        const answer = await response.json();
        up();
        pump();
        answer.replies.forEach(hear);
      }
    } catch (error) {
      isPolling = false;
      down();
      return;
    }
    isPolling = false;
    connect();
  }

  async function ask(url, body) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), POLL_SECONDS * 1000 + PATIENCE);
    const options = { signal: stop.signal, credentials: "same-origin", cache: "no-store" };
    if (body) {
      options.method = "POST";
      options.headers = { "Content-Type": "application/json" };
      options.body = JSON.stringify(body);
    }
    try {
      const response = await fetch(url, options);
      if (response.status === 401) reopen();
      return response;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The cookie ran out or was deleted: opening the page gives a new one. Once, lest a browser without cookies spins. */
  function reopen() {
    if (memory.reopened) return;
    memory.reopened = true;
    keep();
    location.reload();
  }

  async function post(message) {
    try {
      const response = await ask("/chat/send", message);
      if (response.status === 400 || response.status === 413) receive({ type: "refused" });
      else if (response.ok && message.type !== "ack") receive(await response.json());
      else if (message.type !== "ack") receive({ type: "failed", id: message.id });
    } catch (error) {
      if (message.type !== "ack") receive({ type: "failed", id: message.id });
    }
  }

  function send(message) {
    if (socket) socket.send(JSON.stringify(message));
    else post(message);
  }

  function receive(message) {
    if (message.type === "reply") hear(message);
    else if (message.type === "taken") settle(message.id);
    else if (message.type === "refused" && inFlight) settle(inFlight); // a later try would end the same
    else if (message.type === "failed" && message.id === inFlight) {
      clearTimeout(deadline);
      tries += 1;
      setTimeout(() => { inFlight = null; pump(); }, pause());
    }
  }

  function settle(id) {
    memory.queue = memory.queue.filter((message) => message.id !== id);
    keep();
    if (inFlight === id) {
      inFlight = null;
      tries = 0;
      clearTimeout(deadline);
    }
    markLate();
    pump();
  }

  function pump() {
    if (inFlight || !isUp || !memory.queue.length) return;
    inFlight = memory.queue[0].id;
    if (socket) deadline = setTimeout(socket.lost, PATIENCE);
    send(memory.queue[0]);
  }

  function acknowledgeSoon() {
    clearTimeout(acknowledging);
    acknowledging = setTimeout(() => isUp && send({ type: "ack", upto: memory.after }), 100);
  }

  function up() {
    if (!isUp) {
      isUp = true;
      tries = 0;
      memory.reopened = false;
      if (memory.queue.length) wait(true);
    }
    clearTimeout(bannerSoon);
    bannerSoon = null;
    element("lost").textContent = "";
    markLate();
  }

  function down() {
    isUp = false;
    inFlight = null;
    clearTimeout(deadline);
    tries += 1;
    retry = setTimeout(connect, pause());
    // A blink of the network is nobody's business.
    bannerSoon = bannerSoon || setTimeout(tellLost, navigator.onLine === false ? 0 : 1500);
  }

  function isLost() {
    return element("lost").textContent !== "";
  }

  function tellLost() {
    element("lost").textContent = element("lost").dataset.text;
    element("typing").hidden = true;
    markLate();
  }

  function pause() {
    return Math.min(SLOWEST_RETRY, 250 * Math.pow(2, tries)) * (0.75 + Math.random() / 2);
  }

  function markLate() {
    const late = new Set(isLost() ? memory.queue.map((message) => message.id) : []);
    memory.entries.filter((entry) => entry.mine).forEach((entry) => {
      const state = nodes.get(entry).querySelector(".state");
      state.textContent = late.has(entry.uuid) ? state.dataset.late : "";
    });
  }

  addEventListener("online", () => {
    tries = 0;
    connect();
  });
  addEventListener("offline", () => {
    if (socket) socket.lost();
    tellLost();
  });
  let hiddenAt = 0;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      hiddenAt = Date.now();
    } else if (Date.now() - hiddenAt > 60000 && socket) {
      socket.lost(); // a phone that slept may hold a socket that is long dead
      connect();
    } else {
      connect();
    }
  });

  // Reading aloud, and speaking instead of typing

  const speech = window.speechSynthesis;
  let voice = null;

  function findVoice() {
    voice = speech.getVoices().find((one) => /^vi\b/i.test(one.lang.replace("_", "-"))) || null;
    element("aloud").hidden = !voice;
  }

  function speak(text) {
    if (!voice) return;
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.lang = "vi-VN";
    utterance.voice = voice;
    utterance.rate = 0.95;
    speech.speak(utterance);
  }

  function hush() {
    if (speech) speech.cancel();
  }

  if (speech) {
    findVoice();
    if (speech.addEventListener) speech.addEventListener("voiceschanged", findVoice);
    element("aloud").setAttribute("aria-pressed", String(taste.aloud));
    element("aloud").onclick = () => {
      taste.aloud = !taste.aloud;
      save(localStorage, taste);
      element("aloud").setAttribute("aria-pressed", String(taste.aloud));
      hush();
      if (taste.aloud) {
        memory.entries.filter((entry) => nodes.get(entry).classList.contains("newest"))
          .forEach((entry) => speak(entry.speak));
      }
    };
  }

  const Recognition = window.SpeechRecognition || window.webkitSpeechRecognition;
  if (Recognition) {
    const mic = element("mic");
    let listening = null;
    mic.hidden = false;
    mic.onclick = () => {
      if (listening) {
        listening.stop();
        return;
      }
      hush();
      const before = field.value ? field.value + " " : "";
      listening = new Recognition();
      listening.lang = "vi-VN";
      listening.interimResults = true;
      listening.onresult = (event) => {
        field.value = before + Array.from(event.results, (result) => result[0].transcript).join("");
        grow();
      };
      listening.onend = () => {
        listening = null;
        mic.setAttribute("aria-pressed", "false");
        field.focus();
      };
      mic.setAttribute("aria-pressed", "true");
      listening.start();
    };
  }

  // The page

  function grow() {
    field.style.height = "auto";
    field.style.height = field.scrollHeight + "px";
  }

  function resize() {
    const button = element("size");
    document.documentElement.dataset.size = taste.size;
    button.title = button.dataset.names.split("|")[taste.size];
    grow();
    showNewest();
  }

  element("composer").onsubmit = (event) => {
    event.preventDefault();
    say(field.value);
    field.value = "";
    grow();
  };
  field.oninput = grow;
  field.onkeydown = (event) => {
    // While an input method is composing (Telex, VNI), Enter belongs to it.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      element("composer").onsubmit(event);
    }
  };
  field.onpaste = (event) => {
    if (event.clipboardData && event.clipboardData.files.length) {
      event.preventDefault();
      pickPicture(event.clipboardData.files[0]);
    }
  };
  element("pick").onclick = () => element("file").click();
  element("file").onchange = (event) => {
    if (event.target.files.length) pickPicture(event.target.files[0]);
    event.target.value = "";
  };
  element("menu").onclick = () => say(element("menu").dataset.say);
  element("size").onclick = () => {
    taste.size = (taste.size + 1) % 3;
    save(localStorage, taste);
    resize();
  };
  element("clear").onclick = async () => {
    if (!confirm(element("clear").dataset.ask)) return;
    try {
      await ask("/chat/forget", {});
    } catch (error) { /* not reached: at least this device forgets */ }
    Object.assign(memory, { after: 0, entries: [], queue: [], reopened: false });
    keep();
    location.replace("/");
  };
  addEventListener("resize", showNewest);

  element("tools").hidden = element("composer").hidden = false; // of no use without JavaScript
  memory.entries.forEach(draw);
  markNewest();
  resize();
  const asked = new URLSearchParams(location.search).get("start");
  if (location.search) history.replaceState(null, "", "/"); // a reload must not open the guide again
  if (asked !== null) {
    act({ type: "start", data: /^[A-Za-z0-9_-]{1,64}$/.test(asked) ? asked : "" });
  } else if (!memory.entries.length && !memory.queue.length) {
    act({ type: "start", data: "" });
  }
  connect();
}());
