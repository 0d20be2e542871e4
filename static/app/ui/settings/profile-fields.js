/** The fields of a profile; `autocomplete`: what browsers fill into name, phone and e-mail. */
export function profileFields(t, [name, phone, email] = ["off", "off", "off"]) {
  return [
    { name: "name", label: t("form.name"), autocomplete: name, maxlength: 32, required: true },
    { name: "note", label: t("form.note"), hint: t("form.note_hint"), maxlength: 200, autocomplete: "off" },
    { name: "phone", label: t("form.phone"), type: "tel", autocomplete: phone, maxlength: 11 },
    { name: "email", label: t("form.email"), type: "email", autocomplete: email, maxlength: 254 },
  ];
}

/** What was changed in the fields of someone's profile. */
export function changes(user, values) {
  return Object.fromEntries(
    Object.entries(values)
      .map(([name, value]) => [name, value.trim()])
      .filter(([name, value]) => value !== (user[name] ?? "")),
  );
}
