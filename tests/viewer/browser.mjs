// A browser that a test drives: each line of standard input is a command as JSON, each line of
// standard output its answer. Usage: node browser.mjs MODULES BROWSER PROFILE, with the folder of
// node_modules, the program and an empty folder.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { inPage } from "./in_page.mjs";

const [modules, program, profile] = process.argv.slice(2);
const puppeteer = createRequire(`${modules}/package.json`)("puppeteer-core");

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

const browser = await puppeteer.launch({
  executablePath: program,
  userDataDir: profile,
  args: FLAGS,
  defaultViewport: { width: 1600, height: 1000 },
});
const [page] = await browser.pages();
// OHIF's tour for newcomers would lie over its page.
const tours = () => localStorage.setItem("shownTours", JSON.stringify(["basicViewerTour"]));
await page.evaluateOnNewDocument(tours);
let errors = [];
page.on("console", (line) => line.type() === "error" && errors.push(line.text()));
page.on("pageerror", (error) => errors.push(`page error: ${error.message}`));

const commands = {
  open: async ({ url }) => {
    errors = [];
    await page.goto(url, { waitUntil: "domcontentloaded" });
  },
  errors: async () => errors,
  // Run one of the functions of in_page.mjs, or an expression.
  ask: async ({ function: name, argument }) => page.evaluate(inPage[name], argument),
  evaluate: async ({ script }) => page.evaluate(script),
  click: async ({ x, y, count }) => page.mouse.click(x, y, { count: count ?? 1 }),
  move: async ({ x, y }) => page.mouse.move(x, y),
  wheel: async ({ by }) => page.mouse.wheel({ deltaY: by }),
  screenshot: async ({ path }) => void (await page.screenshot({ path })),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...rest } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await commands[command](rest)) ?? null };
  } catch (error) {
    answer = { error: `${error.message}` };
  }
  console.log(JSON.stringify(answer));
}
// A browser that does not end must not keep the tests from ending.
const late = new Promise((resolve) => setTimeout(resolve, 10_000));
await Promise.race([browser.close(), late]);
browser.process()?.kill("SIGKILL");
process.exit(0);
