// https://webidl.spec.whatwg.org/#js-binding: all that is promised, compared with the standards' own IDL, which comes as data.
import { testGlobal, testInterface, testNamespace } from "../../idl/check-interface.js";
import harness from "../../testharness.js";

let isRegistered = false;

export default {
  fetch(_request, env) {
    if (!isRegistered) register(JSON.parse(env.IDL));
    isRegistered = true;
    return harness.fetch();
  },
};

function register({ interfaces, namespaces, globals }) {
  for (const idl of interfaces) testInterface(idl);
  for (const idl of namespaces) testNamespace(idl);
  for (const member of globals) testGlobal(member);
}
