(() => {
  const parse = (text) => { const v = text.match(/[0-9.]+/g).map(Number); return v.length < 4 ? [...v, 1] : v; };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const luminance = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const bad = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
    if (!node.textContent.trim() || box.width < 2 || box.height < 2 || ["SCRIPT", "STYLE", "TITLE", "title", "desc"].includes(e.tagName)) continue;
    const paper = behind(e), ink = over(parse(e.closest("svg") ? style.fill : style.color), paper);
    const [x, y] = [luminance(ink), luminance(paper)], ratio = (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
    const px = parseFloat(style.fontSize), large = px >= 24 || px >= 18.66 && Number(style.fontWeight) >= 700;
    if (ratio < (large ? 3 : 4.5)) bad.add(`${ratio.toFixed(2)}: ${node.textContent.trim().slice(0, 40)}`);
  }
  return [...bad];
})()
