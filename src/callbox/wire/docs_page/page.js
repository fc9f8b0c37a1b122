"use strict";

const field = document.getElementById("filter");
const found = document.getElementById("found");
const operations = [...document.querySelectorAll("details.operation[id]")].map((element) => ({
  element,
  text: element.textContent.toLowerCase(),
  link: document.querySelector(`nav a[href="#${element.id}"]`).parentElement,
}));

function hideEmpty(selector, items) {
  for (const group of document.querySelectorAll(selector)) {
    group.hidden = [...group.querySelectorAll(items)].every((item) => item.hidden);
  }
}

function filter() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { element, text, link } of operations) {
    const matches = words.every((word) => text.includes(word));
    element.hidden = link.hidden = !matches;
    count += matches;
  }
  hideEmpty("section.group", "details.operation");
  hideEmpty("nav .groups > details", "li");
  found.textContent = words.length ? `${count} of ${operations.length} operations` : "";
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.querySelector("summary").focus({ preventScroll: true });
  }
}

field.parentElement.hidden = false;
field.addEventListener("input", filter);
addEventListener("hashchange", openTarget);
addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field) {
    event.preventDefault();
    field.focus();
  } else if (event.key === "Escape" && document.activeElement === field) {
    field.value = "";
    filter();
  }
});
if (matchMedia("(max-width: 56rem)").matches) document.querySelector(".groups").open = false;
openTarget();
