// What a test asks of OHIF from inside its page. Each function is sent to the page as text, so
// none may use anything but its argument and the page's own globals: OHIF's services, and
// Cornerstone, whose viewport knows where a point of the patient is drawn.

// Names of the series that can be opened.
const thumbnails = () =>
  [...document.querySelectorAll('[data-cy^="study-browser-thumbnail"]')].map((item) => item.innerText);

// Where to click to open a series, by words of its name; null where none has them.
const thumbnail = ({ name }) => {
  const found = [...document.querySelectorAll('[data-cy^="study-browser-thumbnail"]')].find((item) =>
    item.innerText.includes(name),
  );
  if (!found) return null;
  found.scrollIntoView({ block: "nearest" });
  const box = found.getBoundingClientRect();
  return { x: box.x + box.width / 2, y: box.y + box.height - 20 };
};

// Press a button by its mark or by its words; false where there is none.
const press = ({ label }) => {
  const found =
    document.querySelector(`[data-cy="${label}"]`) ??
    [...document.querySelectorAll("button, span")].find((item) => item.innerText.trim() === label);
  found?.click();
  return Boolean(found);
};

const words = () => document.body.innerText;

// What the active viewport shows: null before its first image.
const viewport = () => {
  const { viewports, activeViewportId } = services.viewportGridService.getState();
  const shown = viewports.get(activeViewportId);
  const [series] = shown?.displaySetInstanceUIDs ?? [];
  const view = cornerstone.getRenderingEngines()?.[0]?.getViewport(activeViewportId);
  const image = view?.getCurrentImageId?.();
  const set = series && services.displaySetService.getDisplaySetByUID(series);
  return {
    series: set?.SeriesDescription ?? null,
    modality: set?.Modality ?? null,
    loaded: image ? Boolean(cornerstone.cache.getImage(image)) : false,
    slice: image ? view.getCurrentImageIdIndex() : null,
    slices: image ? view.getImageIds().length : 0,
    instance: image ? cornerstone.metaData.get("instance", image)?.SOPInstanceUID : null,
    overlays: (cornerstoneTools.segmentation.state.getViewportSegmentationRepresentations(activeViewportId) ?? [])
      .length,
  };
};

const showSlice = async ({ slice }) => {
  const { activeViewportId } = services.viewportGridService.getState();
  const view = cornerstone.getRenderingEngines()[0].getViewport(activeViewportId);
  await view.setImageIdIndex(slice);
  view.render();
};

// Each slice of the stack: its instance, and where it lies in the patient, as OHIF has both.
const stack = () => {
  const { activeViewportId } = services.viewportGridService.getState();
  const view = cornerstone.getRenderingEngines()[0].getViewport(activeViewportId);
  return view.getImageIds().map((image) => ({
    instance: cornerstone.metaData.get("instance", image).SOPInstanceUID,
    plane: cornerstone.metaData.get("imagePlaneModule", image),
  }));
};

// Draw segments alone: opaque, without outlines, the image black. Their colors become those of
// `colors`, a list of [beginning of the series' name, segment's name, color]; others stay.
const drawSegmentsAlone = ({ colors }) => {
  const { activeViewportId } = services.viewportGridService.getState();
  const view = cornerstone.getRenderingEngines()[0].getViewport(activeViewportId);
  const { state, config } = cornerstoneTools.segmentation;
  const style = { renderOutline: false, renderOutlineInactive: false, fillAlpha: 1, fillAlphaInactive: 1 };
  config.style.setStyle({ type: "Labelmap" }, style);
  for (const { segmentationId } of state.getViewportSegmentationRepresentations(activeViewportId)) {
    const { label, segments } = state.getSegmentation(segmentationId);
    for (const [series, name, color] of colors) {
      const found = Object.values(segments).find((segment) => segment.label === name);
      if (label.startsWith(series) && found) {
        const shown = [...color, 255];
        config.color.setSegmentIndexColor(activeViewportId, segmentationId, found.segmentIndex, shown);
      }
    }
  }
  view.setProperties({ voiRange: { lower: 1e6, upper: 1e6 + 1 } });
  view.render();
};

// The colors drawn at points of the patient (LPS, mm) on a slice; null outside the canvas.
const colorsOnSlice = async ({ slice, points }) => {
  const { activeViewportId } = services.viewportGridService.getState();
  const view = cornerstone.getRenderingEngines()[0].getViewport(activeViewportId);
  if (view.getCurrentImageIdIndex() !== slice) await view.setImageIdIndex(slice);
  const { width, height } = view.canvas;
  const { data } = view.canvas.getContext("2d").getImageData(0, 0, width, height);
  return points.map((point) => {
    const [x, y] = view.worldToCanvas(point).map((value) => Math.floor(value * devicePixelRatio));
    if (x < 0 || y < 0 || x >= width || y >= height) return null;
    const at = 4 * (y * width + x);
    return [data[at], data[at + 1], data[at + 2]];
  });
};

// Points of the current image (column, row) as points of the patient, as the viewer has them.
const worldFromImage = ({ points }) => {
  const { activeViewportId } = services.viewportGridService.getState();
  const image = cornerstone.getRenderingEngines()[0].getViewport(activeViewportId).getCurrentImageId();
  return points.map((point) => [...cornerstone.utilities.imageToWorldCoords(image, point)]);
};

const canvasFromWorld = ({ points }) => {
  const { activeViewportId } = services.viewportGridService.getState();
  const view = cornerstone.getRenderingEngines()[0].getViewport(activeViewportId);
  return points.map((point) => view.worldToCanvas(point));
};

// Rows of the panel of segments: name, and the color of its dot.
const segmentRows = () =>
  [...document.querySelectorAll('[data-cy="data-row"]')].map((row) => {
    const dot = [...row.querySelectorAll("span, div")].find((item) => item.style.backgroundColor);
    return [row.innerText.split("\n").at(-1), dot?.style.backgroundColor ?? ""];
  });

// Rows of the panel of measurements: all their words.
const measurementRows = () =>
  [...document.querySelectorAll('[data-cy^="measurement-table-row"]')].map((row) => row.innerText);

const pressMeasurement = ({ row }) => {
  document.querySelector(`[data-cy="measurement-table-row-${row}"] [data-cy="data-row"]`).click();
};

// What lies over the image: ends of lines in pixels of the canvas, and texts line by line (a
// comment, which has no value, ends in a colon).
const drawn = () => {
  const { activeViewportId } = services.viewportGridService.getState();
  const { element } = cornerstone.getRenderingEngines()[0].getViewport(activeViewportId);
  const layer = element.querySelector("svg.svg-layer");
  const lines = [...layer.querySelectorAll("line")].map((line) =>
    ["x1", "y1", "x2", "y2"].map((name) => Number(line.getAttribute(name))),
  );
  const texts = [...layer.querySelectorAll("text")].map((text) =>
    [...text.querySelectorAll("tspan")].map((part) => part.textContent.replace(/: $/, "")),
  );
  return { lines, texts };
};

// The document that is embedded in the page: how long it is, and how it begins.
const embeddedDocument = async () => {
  const address = document.querySelector("object, iframe, embed")?.data;
  if (!address) return null;
  const bytes = new Uint8Array(await (await fetch(address)).arrayBuffer());
  return { length: bytes.length, start: new TextDecoder().decode(bytes.slice(0, 5)) };
};

export const inPage = {
  embeddedDocument,
  thumbnails,
  thumbnail,
  press,
  words,
  viewport,
  showSlice,
  stack,
  drawSegmentsAlone,
  colorsOnSlice,
  worldFromImage,
  canvasFromWorld,
  segmentRows,
  measurementRows,
  pressMeasurement,
  drawn,
};
