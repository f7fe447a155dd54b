export const manifest = (() => {
function __memo(fn) {
	let value;
	return () => value ??= (value = fn());
}

return {
	appDir: "_app",
	appPath: "_app",
	assets: new Set(["robots.txt"]),
	mimeTypes: {".txt":"text/plain"},
	_: {
		client: {start:"_app/immutable/entry/start.CHQmKbqi.js",app:"_app/immutable/entry/app.D0nCBqO0.js",imports:["_app/immutable/entry/start.CHQmKbqi.js","_app/immutable/chunks/DhDyfBZy.js","_app/immutable/chunks/e6l3vTCk.js","_app/immutable/entry/app.D0nCBqO0.js","_app/immutable/chunks/e6l3vTCk.js","_app/immutable/chunks/xihTtKlq.js"],stylesheets:[],fonts:[],uses_env_dynamic_public:false},
		nodes: [
			__memo(() => import('./nodes/0.js')),
			__memo(() => import('./nodes/1.js')),
			__memo(() => import('./nodes/2.js')),
			__memo(() => import('./nodes/4.js')),
			__memo(() => import('./nodes/5.js')),
			__memo(() => import('./nodes/6.js')),
			__memo(() => import('./nodes/7.js'))
		],
		remotes: {
			
		},
		routes: [
			{
				id: "/",
				pattern: /^\/$/,
				params: [],
				page: { layouts: [0,], errors: [1,], leaf: 2 },
				endpoint: null
			},
			{
				id: "/api/sum",
				pattern: /^\/api\/sum\/?$/,
				params: [],
				page: null,
				endpoint: __memo(() => import('./entries/endpoints/api/sum/_server.js'))
			},
			{
				id: "/books/[id]",
				pattern: /^\/books\/([^/]+?)\/?$/,
				params: [{"name":"id","optional":false,"rest":false,"chained":false}],
				page: { layouts: [0,], errors: [1,], leaf: 3 },
				endpoint: null
			},
			{
				id: "/deferred",
				pattern: /^\/deferred\/?$/,
				params: [],
				page: { layouts: [0,], errors: [1,], leaf: 4 },
				endpoint: null
			},
			{
				id: "/fail",
				pattern: /^\/fail\/?$/,
				params: [],
				page: { layouts: [0,], errors: [1,], leaf: 5 },
				endpoint: null
			},
			{
				id: "/login",
				pattern: /^\/login\/?$/,
				params: [],
				page: null,
				endpoint: __memo(() => import('./entries/endpoints/login/_server.js'))
			},
			{
				id: "/old",
				pattern: /^\/old\/?$/,
				params: [],
				page: { layouts: [0,], errors: [1,], leaf: 6 },
				endpoint: null
			},
			{
				id: "/stream",
				pattern: /^\/stream\/?$/,
				params: [],
				page: null,
				endpoint: __memo(() => import('./entries/endpoints/stream/_server.js'))
			},
			{
				id: "/terms",
				pattern: /^\/terms\/?$/,
				params: [],
				page: null,
				endpoint: __memo(() => import('./entries/endpoints/terms/_server.js'))
			}
		],
		prerendered_routes: new Set(["/about","/about/__data.json"]),
		matchers: async () => {
			
			return {  };
		},
		server_assets: {"_app/immutable/assets/terms.BrVOeHdQ.txt":21}
	}
}
})();
