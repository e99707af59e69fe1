/* Buttons that need JavaScript; without it they stay hidden and the address is on the page to read. */
(function () {
  "use strict";
  const share = document.getElementById("share-it");
  const copy = document.getElementById("copy-it");
  const print = document.getElementById("print-it");
  if (navigator.share) {
    share.hidden = false;
    share.onclick = () => navigator.share({ title: share.dataset.title, url: share.dataset.url }).catch(() => {});
  }
  if (navigator.clipboard) {
    copy.hidden = false;
    copy.onclick = () => navigator.clipboard.writeText(copy.dataset.url).then(() => {
      copy.textContent = copy.dataset.done;
    });
  }
  print.hidden = false;
  print.onclick = () => window.print();
}());
