import{n as e}from"./rolldown-runtime.js";import{$ as t,A as n,B as r,C as i,Ct as a,D as o,E as s,F as c,G as l,H as u,I as d,J as f,K as p,L as m,M as ee,N as h,O as te,P as ne,R as re,S as ie,St as g,T as ae,U as _,V as v,W as oe,X as se,Y as ce,Z as y,_ as b,_t as le,a as ue,at as x,b as S,c as de,ct as C,d as w,dt as fe,et as pe,g as me,gt as he,ht as ge,it as T,j as E,k as D,l as _e,lt as O,m as k,mt as A,n as ve,nt as j,o as M,ot as N,p as P,pt as F,q as I,r as ye,rt as be,s as xe,st as Se,tt as Ce,u as L,ut as we,v as R,vt as Te,w as z,wt as Ee,x as B,xt as De,y as V,yt as Oe,z as ke}from"./server.js";import{t as Ae}from"./uneval.js";import"./internal.js";var H=null,U=null;function je(e){H=e}function Me(e){U=e}var W=Symbol(`events`),Ne=new Set,G=new Set,K=null,q=!1;function J(e){var t=this,n=t.ownerDocument,r=e.type,i=e.composedPath?.()||[],a=i[0]||e.target;K=e,q||(q=!0,setTimeout(()=>{q=!1,K=null}));var o=0,s=K===e&&e[W];if(s){var c=i.indexOf(s);if(c!==-1&&(t===document||t===window)){e[W]=t;return}var l=i.indexOf(t);if(l===-1)return;c<=l&&(o=c)}if(a=i[o]||e.target,a!==t){g(e,`currentTarget`,{configurable:!0,get(){return a||n}});var u=R,d=b;B(null),S(null);try{for(var f,p=[];a!==null&&a!==t;){try{var m=a[W]?.[r];m==null||a.disabled&&e.target!==a||m.call(a,e)}catch(e){f?p.push(e):f=e}if(e.cancelBubble)break;o++,a=o<i.length?i[o]:null}if(f){for(let e of p)queueMicrotask(()=>{throw e});throw f}}finally{e[W]=t,delete e.currentTarget,B(u),S(d)}}}globalThis?.window?.trustedTypes;function Pe(e,t){var n=b;n.nodes===null&&(n.nodes={start:e,end:t,a:null,t:null})}function Fe(e){let t=0,r=v(0),i;return()=>{o()&&(V(r),n(()=>(t===0&&(i=ie(()=>e(()=>m(r)))),t+=1,()=>{p(()=>{--t,t===0&&(i?.(),i=void 0,m(r))})})))}}var Ie=Te|le;function Le(e,t,n,r){new Re(e,t,n,r)}var Re=class{parent;is_pending=!1;transform_error;#e;#t=x?T:null;#n;#r;#i;#a=null;#o=null;#s=null;#c=null;#l=0;#u=0;#d=!1;#f=new Map;#p=null;#m=Fe(()=>(this.#p=v(this.#l),()=>{this.#p=null}));constructor(e,t,n,r){this.#e=e,this.#n=t,this.#r=e=>{var t=b;t.b=this,t.f|=128,n(e)},this.parent=b.b,this.transform_error=r??this.parent?.transform_error??(e=>e),this.#i=i(()=>{if(x){let e=Se(this.#t);be();let t=e===`[!`;if(e.startsWith(`[?`)){let t=JSON.parse(e.slice(2));this.#g(t)}else t?this.#y():this.#h()}else this.#b()},Ie),x&&(this.#e=T)}#h(){try{this.#a=z(()=>this.#r(this.#e))}catch(e){this.error(e)}}#g(e){let t=this.#n.failed,{reset:n,invoke_onerror:r}=this.#_(e);p(r),t&&(this.#s=z(()=>{t(this.#e,()=>e,()=>n)}))}#_(e){var t=!1,n=!1;let r=()=>{this.#v()||(t?F():(t=!0,n&&Ce(),this.#s!==null&&D(this.#s,()=>{this.#s=null}),this.#S(()=>{this.#b()})))};return{reset:r,invoke_onerror:()=>{if(!this.#v())try{n=!0,this.#n.onerror?.(e,r),n=!1}catch(e){E(e,this.#i&&this.#i.parent)}}}}#v(){return(this.#i.f&(ge|he))!==0}#y(){let e=this.#n.pending;e&&(this.is_pending=!0,this.#o=z(()=>e(this.#e)),p(()=>{if(!this.#v()){var e=this.#c=document.createDocumentFragment(),t=h(),n=!1;e.append(t),this.#a=this.#S(()=>{try{return z(()=>this.#r(t))}catch(e){try{this.error(e),n=!0}catch(e){E(e,this.#i.parent)}return null}}),this.#a===null?(this.#c=null,n&&this.#x(_)):this.#u===0&&(this.#e.before(e),this.#c=null,D(this.#o,()=>{this.#o=null}),this.#x(_))}}))}#b(){try{if(this.is_pending=this.has_pending_snippet(),this.#u=0,this.#l=0,this.#a=z(()=>{this.#r(this.#e)}),this.#u>0){var e=this.#c=document.createDocumentFragment();te(this.#a,e);let t=this.#n.pending;this.#o=z(()=>t(this.#e))}else this.#x(_)}catch(e){this.error(e)}}#x(e){this.is_pending=!1,e.transfer_reactions(this.#f)}defer_effect(e){l(e,this.#f)}is_rendered(){return!this.is_pending&&(!this.parent||this.parent.is_rendered())}has_pending_snippet(){return!!this.#n.pending}#S(e){var t=b,n=R,r=I;S(this.#i),B(this.#i),y(this.#i.ctx);try{return u.ensure(),e()}finally{S(t),B(n),y(r)}}#C(e,t){this.has_pending_snippet()?(this.#u+=e,this.#u===0&&(this.#x(t),this.#o&&D(this.#o,()=>{this.#o=null}),this.#c&&=(this.#e.before(this.#c),null))):this.parent&&this.parent.#C(e,t)}update_pending_count(e,t){this.#C(e,t),this.#l+=e,!this.#p||this.#d||(this.#d=!0,p(()=>{this.#d=!1,this.#p&&re(this.#p,this.#l)}))}get_effect_pending(){return this.#m(),V(this.#p)}error(e){if(e===A||!this.#n.onerror&&!this.#n.failed)throw e;_?.is_fork?(this.#a&&_.skip_effect(this.#a),this.#o&&_.skip_effect(this.#o),this.#s&&_.skip_effect(this.#s),_.oncommit(()=>{this.#v()||this.#w(e)})):this.#w(e)}#w(e){this.#a&&=(s(this.#a),null),this.#o&&=(s(this.#o),null),this.#s&&=(s(this.#s),null),x&&(C(this.#t),N(),C(we()));let t=this.#n.failed,n=e=>{if(this.#v())return;let{reset:n,invoke_onerror:r}=this.#_(e);r(),t&&!this.#v()&&(this.#s=this.#S(()=>{try{return z(()=>{var r=b;r.b=this,r.f|=128,t(this.#e,()=>e,()=>n)})}catch(e){return E(e,this.#i.parent),null}}))};p(()=>{if(!this.#v()){var t;try{t=this.transform_error(e)}catch(e){E(e,this.#i&&this.#i.parent);return}typeof t==`object`&&t&&typeof t.then==`function`?t.then(n,e=>E(e,this.#i&&this.#i.parent)):n(t)}})}};function Y(e,t){return Z(e,t)}function ze(e,t){d(),t.intro=t.intro??!1;let n=t.target,r=x,i=T;try{for(var a=ne(n);a&&(a.nodeType!==8||a.data!==`[`);)a=c(a);if(!a)throw A;O(!0),C(a);let r=Z(e,{...t,anchor:a});return O(!1),r}catch(r){if(r instanceof Error&&r.message.split(`
`).some(e=>e.startsWith(`https://svelte.dev/e/`)))throw r;return r!==A&&console.warn(`Failed to hydrate: `,r),t.recover===!1&&pe(),d(),ee(n),O(!1),Y(e,t)}finally{O(r),C(i)}}var X=new Map;function Z(e,{target:t,anchor:n,props:r={},events:i,context:a,intro:o=!0,transformError:s}){d();var c=void 0,l=ae(()=>{var o=n??t.appendChild(h());Le(o,{pending:()=>{}},t=>{se({});var n=I;if(a&&(n.c=a),i&&(r.$$events=i),x&&Pe(t,null),c=e(t,r)||f(),x&&(b.nodes.end=T,T===null||T.nodeType!==8||T.data!==`]`))throw fe(),A;ce()},s);var l=new Set,u=e=>{for(var n=0;n<e.length;n++){var r=e[n];if(!l.has(r)){l.add(r);var i=me(r);for(let e of[t,document]){var a=X.get(e);a===void 0&&(a=new Map,X.set(e,a));var o=a.get(r);o===void 0?(e.addEventListener(r,J,{passive:i}),a.set(r,1)):a.set(r,o+1)}}}};return u(De(Ne)),G.add(u),()=>{for(var e of l)for(let n of[t,document]){var r=X.get(n),i=r.get(e);--i==0?(n.removeEventListener(e,J),r.delete(e),r.size===0&&X.delete(n)):r.set(e,i)}G.delete(u),o!==n&&o.parentNode?.removeChild(o)}});return Q.set(c,l),c}var Q=new WeakMap;function Be(e,t){let n=Q.get(e);return n?(Q.delete(e),n(t)):Promise.resolve()}function Ve(e){return class extends He{constructor(t){super({component:e,...t})}}}var He=class{#e;#t;constructor(e){var n=new Map,i=(e,t)=>{var r=ke(t,!1,!1);return n.set(e,r),r};let a=new Proxy({...e.props||{},$$events:{}},{get(e,t){return V(n.get(t)??i(t,Reflect.get(e,t)))},has(e,t){return t===Oe||(V(n.get(t)??i(t,Reflect.get(e,t))),Reflect.has(e,t))},set(e,t,a){return r(n.get(t)??i(t,a),a),Reflect.set(e,t,a)}});this.#t=(e.hydrate?ze:Y)(e.component,{target:e.target,anchor:e.anchor,props:a,context:e.context,intro:e.intro??!1,recover:e.recover,transformError:e.transformError}),t||e?.props?.$$host&&e.sync!==!1||oe(),this.#e=a.$$events;for(let e of Object.keys(this.#t))e!==`$set`&&e!==`$destroy`&&e!==`$on`&&g(this,e,{get(){return this.#t[e]},set(t){this.#t[e]=t},enumerable:!0});this.#t.$set=e=>{Object.assign(a,e)},this.#t.$destroy=()=>{Be(this.#t)}}$set(e){this.#t.$set(e)}$on(e,t){this.#e[e]=this.#e[e]||[];let n=(...e)=>t.call(this,...e);return this.#e[e].push(n),()=>{this.#e[e]=this.#e[e].filter(e=>e!==n)}}$destroy(){this.#t.$destroy()}};function Ue(e){let n=Ve(e);return n.render=(n,{context:r,csp:i,transformError:a}={})=>{let o=ye(e,{props:n,context:r,csp:i,transformError:a}),s=Object.defineProperties({},{css:{value:{code:``,map:null}},head:{get:()=>o.head},html:{get:()=>o.body},then:{value:(e,n)=>{if(!t){let t=e({css:s.css,head:s.head,html:s.html});return Promise.resolve(t)}return o.then(t=>e({css:s.css,head:t.head,html:t.body,hashes:t.hashes}),n)}}});return s},n}function We(){let e=w;for(;e!==null;){if(e.r!==null)return e.r.global.get_abort_signal();e=e.p}return new AbortController().signal}function Ge(e,n){t||j(`hydratable`);let{hydratable:r}=ue(),i=r.lookup.get(e);if(i!==void 0)return i.value;let a=n();return i=Ke(e,a,r.unresolved_promises),r.lookup.set(e,i),a}function Ke(e,t,n){let r={value:t,serialized:``},i=1;return r.serialized=Ae(r.value,(t,a)=>{if(qe(t)){let o=`"${i++}"`,s=t.then(e=>{r.serialized=r.serialized.replace(o,()=>`r(${a(e)})`)}).catch(t=>P(e,Je(r.stack,t?.stack)));return n?.set(s,e),s.catch(()=>{}).finally(()=>n?.delete(s)),(r.promises??=[]).push(s),o}}),r}function qe(e){return Object.prototype.toString.call(e)===`[object Promise]`}function Je(e,t){let n=``;return e&&(n+=e+`
`),t&&(n+=`Caused by:
`+t+`
`),n||`<missing stack trace>`}function $(e){return(t,...n)=>{var r=n.map(e=>()=>e);t.push(e(...r).render().trim())}}var Ye=e({afterUpdate:()=>a,beforeUpdate:()=>a,createContext:()=>M,createEventDispatcher:()=>Ze,createRawSnippet:()=>$,flushSync:()=>a,fork:()=>tt,getAbortSignal:()=>We,getAllContexts:()=>xe,getContext:()=>de,hasContext:()=>_e,hydratable:()=>Ge,hydrate:()=>$e,mount:()=>Qe,onDestroy:()=>Xe,onMount:()=>a,setContext:()=>L,settled:()=>rt,tick:()=>nt,unmount:()=>et,untrack:()=>Ee});function Xe(e){w.r.on_destroy(e)}function Ze(){return a}function Qe(){k(`mount`)}function $e(){k(`hydrate`)}function et(){k(`unmount`)}function tt(){k(`fork`)}async function nt(){}async function rt(){}function it(e,t){e.component(e=>{let{stores:n,page:r,constructors:i,components:a=[],form:o,data_0:s=null,data_1:c=null}=t;L(`__svelte__`,n),n.page.set(r);let l=ve(()=>i[1]);if(i[1]){e.push(`<!--[0-->`);let t=i[0];t?(e.push(`<!--[-->`),t(e,{data:s,form:o,params:r.params,children:e=>{l()?(e.push(`<!--[-->`),l()(e,{data:c,form:o,params:r.params}),e.push(`<!--]-->`)):(e.push(`<!--[!-->`),e.push(`<!--]-->`))},$$slots:{default:!0}}),e.push(`<!--]-->`)):(e.push(`<!--[!-->`),e.push(`<!--]-->`))}else{e.push(`<!--[-1-->`);let t=i[0];t?(e.push(`<!--[-->`),t(e,{data:s,form:o,params:r.params}),e.push(`<!--]-->`)):(e.push(`<!--[!-->`),e.push(`<!--]-->`))}e.push(`<!--]--> `),e.push(`<!--[-1-->`),e.push(`<!--]-->`)})}var at={app_template_contains_nonce:!1,async:!1,csp:{mode:`auto`,directives:{"upgrade-insecure-requests":!1,"block-all-mixed-content":!1},reportOnly:{"upgrade-insecure-requests":!1,"block-all-mixed-content":!1}},csrf_check_origin:!0,csrf_trusted_origins:[],embedded:!1,env_public_prefix:`PUBLIC_`,env_private_prefix:``,hash_routing:!1,hooks:null,preload_strategy:`modulepreload`,root:Ue(it),service_worker:!1,service_worker_options:void 0,server_error_boundaries:!1,templates:{app:({head:e,body:t,assets:n,nonce:r,env:i})=>`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    `+e+`
  </head>
  <body>
    <div>`+t+`</div>
  </body>
</html>
`,error:({status:e,message:t})=>`<!doctype html>
<html lang="en">
	<head>
		<meta charset="utf-8" />
		<title>`+t+`</title>

		<style>
			body {
				--bg: white;
				--fg: #222;
				--divider: #ccc;
				background: var(--bg);
				color: var(--fg);
				font-family:
					system-ui,
					-apple-system,
					BlinkMacSystemFont,
					'Segoe UI',
					Roboto,
					Oxygen,
					Ubuntu,
					Cantarell,
					'Open Sans',
					'Helvetica Neue',
					sans-serif;
				display: flex;
				align-items: center;
				justify-content: center;
				height: 100vh;
				margin: 0;
			}

			.error {
				display: flex;
				align-items: center;
				max-width: 32rem;
				margin: 0 1rem;
			}

			.status {
				font-weight: 200;
				font-size: 3rem;
				line-height: 1;
				position: relative;
				top: -0.05rem;
			}

			.message {
				border-left: 1px solid var(--divider);
				padding: 0 0 0 1rem;
				margin: 0 0 0 1rem;
				min-height: 2.5rem;
				display: flex;
				align-items: center;
			}

			.message h1 {
				font-weight: 400;
				font-size: 1em;
				margin: 0;
			}

			@media (prefers-color-scheme: dark) {
				body {
					--bg: #222;
					--fg: #ddd;
					--divider: #666;
				}
			}
		</style>
	</head>
	<body>
		<div class="error">
			<span class="status">`+e+`</span>
			<div class="message">
				<h1>`+t+`</h1>
			</div>
		</div>
	</body>
</html>
`},version_hash:`3t04`};async function ot(){let e,t,n,r,i;({handle:e,handleFetch:t,handleError:n,handleValidationError:r,init:i}=await import(`../entries/hooks.server.js`));let a,o;return{handle:e,handleFetch:t,handleError:n,handleValidationError:r,init:i,reroute:a,transport:o}}export{H as a,U as i,at as n,Me as o,Ye as r,je as s,ot as t};