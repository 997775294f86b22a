// expect: ok
return await tried(() => rest.createChannel({ payload: { name: "x", permission_overwrites: [{ id: IDS.role, type: 0, allow: "8" }], parent_id: IDS.channel } }));
