import { useState } from "../../vendor/preact.js";
import { useApp } from "./context.js";
import { reason } from "./reason.js";

/** `[{busy, error, field}, onSubmit]` of a form whose work may be refused with a sentence. */
export function useForm(work) {
  const { t } = useApp();
  const [state, setState] = useState({ busy: false, error: null, field: null });
  const submit = async (event) => {
    event.preventDefault();
    setState({ busy: true, error: null, field: null });
    try {
      await work();
      setState({ busy: false, error: null, field: null });
    } catch (problem) {
      const error = reason(t, problem);
      setState({ busy: false, error, field: problem.field ?? null });
    }
  };
  return [state, submit];
}
