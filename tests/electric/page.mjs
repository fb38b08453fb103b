// Opens a page and prints, a line of JSON each, what it shows whenever that changes. Usage: node page.mjs URL
import "./local.mjs";
import { JSDOM } from "jsdom";

const url = process.argv[2];
const html = await (await fetch(url)).text();
const beforeParse = (window) => {
  window.fetch = (path, init) => fetch(new URL(path, url), init);
};
const { document } = new JSDOM(html, { url, runScripts: "dangerously", beforeParse }).window;
let before;
setInterval(() => {
  const rows = [...document.querySelectorAll("tbody tr")].map((line) => [...line.cells].map((cell) => cell.textContent));
  const shown = JSON.stringify({ state: document.getElementById("state").textContent, rows });
  if (shown !== before) console.log(shown);
  before = shown;
}, 50);
