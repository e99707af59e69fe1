/* Puts a name on the certificate and makes a picture of it, all in this browser: nothing here asks the network. */
(function () {
  "use strict";
  const SCALE = 1.5; // pixels of the picture for one unit of the drawing: sharp on A4
  const NAME_SIZE = 104; // of the letters, in units of the drawing; a long name has smaller ones
  const paper = document.getElementById("paper");
  const name = document.getElementById("name");
  const shown = document.getElementById("shown");
  const date = document.getElementById("date");
  const picture = document.getElementById("picture");
  const saved = document.getElementById("saved");
  const share = document.getElementById("share");

  function show(isPicture) {
    picture.hidden = saved.hidden = !isPicture;
    paper.toggleAttribute("hidden", isPicture);
  }

  function write() {
    show(false);
    shown.textContent = name.value.normalize("NFC").trim().replace(/\s+/g, " ");
    shown.setAttribute("font-size", NAME_SIZE);
    const width = shown.getComputedTextLength();
    const room = Number(shown.dataset.width);
    if (width > room) shown.setAttribute("font-size", Math.floor((NAME_SIZE * room) / width));
  }

  async function draw() {
    const source = new XMLSerializer().serializeToString(paper);
    const image = new Image();
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(source);
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = paper.viewBox.baseVal.width * SCALE;
    canvas.height = paper.viewBox.baseVal.height * SCALE;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  async function save() {
    const canvas = await draw();
    picture.src = canvas.toDataURL("image/png");
    await picture.decode();
    show(true);
    const link = document.createElement("a");
    link.href = picture.src;
    link.download = paper.dataset.file;
    link.click();
  }

  async function send() {
    const canvas = await draw();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    const file = new File([blob], paper.dataset.file, { type: "image/png" });
    await navigator.share({ files: [file] }).catch(() => {});
  }

  const today = new Date();
  date.textContent =
    date.dataset.day + today.getDate() + date.dataset.month + (today.getMonth() + 1) + date.dataset.year + today.getFullYear();
  name.oninput = write;
  write();
  document.getElementById("save").onclick = save;
  document.getElementById("print").onclick = () => window.print();
  if (navigator.canShare && navigator.canShare({ files: [new File([], "a.png", { type: "image/png" })] })) {
    share.hidden = false;
    share.onclick = send;
  }
  document.getElementById("maker").hidden = false;
})();
