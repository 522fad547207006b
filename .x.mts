import { loadConfig, explainConfig, jsonSchema } from "./src/config/index.ts";
try { const r = loadConfig({file: process.argv[2], env: {W:"3", FAIRLEAD_SERVICE_HOST:"x", FAIRLEAD_PORT:"tcp://1", FAIRLEAD_WORKER: "3", FAIRLEAD_BALANCE: process.env.BAL}, cwd: "/tmp/g"});
 console.log(explainConfig(r.config), r.warnings); } catch(e) { console.log(e.problems ? e.message : e); }
