function e(){let e=[`one
`,`two
`,`three
`],t=new ReadableStream({pull(t){let n=e.shift();n===void 0?t.close():t.enqueue(new TextEncoder().encode(n))}});return new Response(t,{headers:{"content-type":`text/plain`}})}export{e as GET};