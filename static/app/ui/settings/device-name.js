/** A browser's long name in a few words. */
export function deviceName(t, device) {
  const browser = [
    ["Edg", "Edge"],
    ["OPR", "Opera"],
    ["Firefox", "Firefox"],
    ["Chrome", "Chrome"],
    ["Safari", "Safari"],
  ].find(([sign]) => device?.includes(sign));
  const system = [
    ["Android", "Android"],
    ["iPhone", "iPhone"],
    ["iPad", "iPad"],
    ["Windows", "Windows"],
    ["Mac OS", "macOS"],
    ["Linux", "Linux"],
  ].find(([sign]) => device?.includes(sign));
  if (!browser || !system || !device.includes("Mozilla")) return device || t("devices.unknown");
  return t("devices.name", { browser: browser[1], system: system[1] });
}
