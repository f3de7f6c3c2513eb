// Open a study in OHIF, then series after series, as a reader does; print what was seen as JSON.
// Usage: node open_study.mjs REQUEST.json, with
//   modules: folder of node_modules; browser: program; url: of the study; profile: empty folder;
//   series: [{ name, shows: [words that must appear], screenshot }]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const request = JSON.parse(readFileSync(process.argv[2], "utf8"));
const puppeteer = createRequire(`${request.modules}/package.json`)("puppeteer-core");

const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--use-angle=swiftshader",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const THUMBNAIL = '[data-cy^="study-browser-thumbnail"]';
const PATIENCE_MS = 60000;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const words = (page) => page.evaluate(() => document.body.innerText);

async function clickButton(page, label) {
  await page.evaluate((wanted) => {
    const found = [...document.querySelectorAll("button, a, span")].find(
      (item) => item.innerText.trim() === wanted,
    );
    found?.click();
  }, label);
}

async function openSeries(page, name) {
  for (const thumbnail of await page.$$(THUMBNAIL)) {
    const text = await thumbnail.evaluate((item) => item.innerText);
    if (text.includes(name)) {
      await thumbnail.scrollIntoView();
      await thumbnail.click({ count: 2 });
      return true;
    }
  }
  return false;
}

// OHIF sometimes draws the annotations of a report only after the next change of slice.
async function waitForWords(page, wanted) {
  const started = Date.now();
  for (;;) {
    const text = await words(page);
    const missing = wanted.filter((item) => !text.includes(item));
    if (missing.length === 0 || Date.now() - started > PATIENCE_MS) return { text, missing };
    await page.mouse.move(800, 600);
    await page.mouse.wheel({ deltaY: 100 });
    await pause(700);
    await page.mouse.wheel({ deltaY: -100 });
    await pause(1500);
  }
}

const browser = await puppeteer.launch({
  executablePath: request.browser,
  userDataDir: request.profile,
  args: FLAGS,
  defaultViewport: { width: 1600, height: 1000 },
});
const seen = { thumbnails: [], series: [], errors: [] };
try {
  const page = await browser.newPage();
  page.on("console", (line) => line.type() === "error" && seen.errors.push(line.text()));
  page.on("pageerror", (error) => seen.errors.push(`page error: ${error.message}`));
  await page.goto(request.url, { waitUntil: "domcontentloaded" });
  await page.waitForSelector(THUMBNAIL, { timeout: PATIENCE_MS });
  await waitForWords(page, request.series.map((item) => item.name));
  await pause(4000);
  await clickButton(page, "Skip all");
  await pause(500);
  seen.thumbnails = await page.$$eval(THUMBNAIL, (all) => all.map((item) => item.innerText));
  for (const series of request.series) {
    const found = await openSeries(page, series.name);
    await pause(5000);
    const { text, missing } = await waitForWords(page, series.shows);
    await page.screenshot({ path: series.screenshot });
    seen.series.push({ name: series.name, found, missing, text });
    await clickButton(page, "No");
    await pause(1000);
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
